// y = x with every row in order of one digit of its keys, equal ones as they were; starts[r, digit,
// chunk] is where those of a chunk go, and is counted up. See count.wgsl.
struct Params { threads: u32, width: u32, chunk: u32, chunks: u32, shift: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> starts: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec2<u32>>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  let part = i % p.chunks;
  let row = i / p.chunks;
  let end = min((part + 1u) * p.chunk, p.width);
  for (var k = part * p.chunk; k < end; k++) {
    let pair = x[row * p.width + k];
    let at = (row * 256u + ((pair.x >> p.shift) & 255u)) * p.chunks + part;
    let to = starts[at];
    starts[at] = to + 1u;
    y[row * p.width + to] = pair;
  }
}

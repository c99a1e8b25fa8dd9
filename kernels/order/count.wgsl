// counts[r, digit, chunk] = how many keys of a chunk of row r have that digit, 8 bits from `shift`
// on, for x [rows, width] of (key, place): one thread a chunk.
struct Params { threads: u32, width: u32, chunk: u32, chunks: u32, shift: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> counts: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  let part = i % p.chunks;
  let row = i / p.chunks;
  let end = min((part + 1u) * p.chunk, p.width);
  for (var k = part * p.chunk; k < end; k++) {
    let digit = (x[row * p.width + k].x >> p.shift) & 255u;
    counts[(row * 256u + digit) * p.chunks + part]++;
  }
}

// y[o, v, i] = sum of x[o, j, i] over the j with key v < length, for x [outer, count, inner] and a
// line's (key, j) in order, one line for all or one for each (o, i) where OWN. No atomics: a thread
// sums `chunk` neighbours of a line in order, so the same bits each time. What a chunk shares with
// others goes to parts[o, chunk, 0 or 1, i]: its first sum if that began before, else its last.
// A thread takes RUN columns, `runs` apart; a line with $j stands for as many (engine/unroll.ts).
struct Params { threads: u32, length: u32, inner: u32, count: u32, x_at: u32, chunk: u32,
  chunks: u32, runs: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> pairs: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> parts: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

fn item(i: u32) {
  let column$j = i % p.runs + $ju * p.runs;
  let from$j = min(column$j, p.inner - 1u);
  let block = i / p.runs;
  let o = block / p.chunks;
  let line = select(0u, o * p.inner + i % p.runs, OWN) * p.count;
  let begin = block % p.chunks * p.chunk;
  let end = min(begin + p.chunk, p.count);
  let x_from = p.x_at + o * p.count * p.inner;
  let part = 2u * block * p.inner;
  var key = pairs[line + begin].x;
  var before = begin > 0u && pairs[line + max(begin, 1u) - 1u].x == key;
  var sum$j = 0.0;
  for (var k = begin; k < end; k++) {
    let pair = pairs[line + k];
    if (pair.x != key) {
      if (before) {
        if (column$j < p.inner) { parts[part + column$j] = sum$j; }
      } else {
        let to = (o * p.length + key) * p.inner; // some key is larger, so that this is a place
        if (column$j < p.inner) { y[to + column$j] = sum$j; }
      }
      key = pair.x;
      before = false;
      sum$j = 0.0;
    }
    let at = x_from + pair.y * p.inner;
    sum$j += x[at + from$j];
  }
  if (key == p.length) { return; }
  let after = end < p.count && pairs[line + min(end, p.count - 1u)].x == key;
  if (before || after) {
    let to = part + select(p.inner, 0u, before);
    if (column$j < p.inner) { parts[to + column$j] = sum$j; }
  } else {
    let to = (o * p.length + key) * p.inner;
    if (column$j < p.inner) { y[to + column$j] = sum$j; }
  }
}

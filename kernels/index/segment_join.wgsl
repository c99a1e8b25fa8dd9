// y[o, v, i] for the keys v that several chunks have: their parts added in order, by the thread of
// the chunk in which the key begins. See segment_add.wgsl.
struct Params { threads: u32, length: u32, inner: u32, count: u32, x_at: u32, chunk: u32,
  chunks: u32, runs: u32 }
@group(0) @binding(0) var<storage, read> pairs: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  let column$j = i % p.runs + $ju * p.runs;
  let from$j = min(column$j, p.inner - 1u);
  let block = i / p.runs;
  let o = block / p.chunks;
  let line = select(0u, o * p.inner + i % p.runs, OWN) * p.count;
  let begin = block % p.chunks * p.chunk;
  var end = begin + p.chunk;
  if (end >= p.count) { return; }
  let key = pairs[line + end - 1u].x;
  if (key == p.length || pairs[line + end].x != key) { return; }
  if (begin > 0u && pairs[line + max(begin, 1u) - 1u].x == key) { return; }
  var part = (2u * block + 1u) * p.inner;
  var sum$j = parts[part + from$j];
  part -= p.inner;
  while (end < p.count) {
    if (pairs[line + end].x != key) { break; }
    part += 2u * p.inner;
    end += p.chunk;
    sum$j += parts[part + from$j];
  }
  let to = (o * p.length + key) * p.inner;
  if (column$j < p.inner) { y[to + column$j] = sum$j; }
}

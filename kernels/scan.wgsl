// y[o, k, i] = fold of x[o, j, i] over j <= k, for x [outer, length, inner]: one thread a chunk of
// k, in order. It begins with carry[o, chunk, i] if there is one. `last`: y has only the fold of
// each chunk. `exclusive`: j < k. `reverse`: j >= k, from the end.
struct Params { threads: u32, length: u32, inner: u32, chunk: u32, chunks: u32, x_at: u32,
  carried: u32, last: u32, exclusive: u32, reverse: u32, zero: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> carry: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  let part = (i / p.inner) % p.chunks;
  let base = i / (p.inner * p.chunks) * p.length * p.inner + i % p.inner;
  var sum = identity();
  if (p.carried == 1u) { sum = carry[i]; }
  let end = min((part + 1u) * p.chunk, p.length);
  for (var k = part * p.chunk; k < end; k++) {
    let at = base + select(k, p.length - 1u - k, p.reverse == 1u) * p.inner;
    let before = sum;
    sum = merge(sum, x[p.x_at + at]);
    if (p.last == 0u) { y[at] = select(sum, before, p.exclusive == 1u); }
  }
  if (p.last == 1u) { y[i] = sum; }
}

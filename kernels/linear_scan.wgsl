// y[o, k, i] = a[o, k, i] y[o, k - 1, i] + b[o, k, i], from 0: one thread a chunk of k, in order.
// It begins with carry[o, chunk, i] if there is one. `last`: y has only, for each chunk, the
// product of the a and, after all of those, the last y. `exclusive`: y[o, k - 1, i] in place of
// y[o, k, i]. `reverse`: k + 1 for k - 1, from the end.
struct Params { threads: u32, length: u32, inner: u32, chunk: u32, chunks: u32, a_at: u32,
  b_at: u32, carried: u32, last: u32, exclusive: u32, reverse: u32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> carry: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

fn item(i: u32) {
  let part = (i / p.inner) % p.chunks;
  let base = i / (p.inner * p.chunks) * p.length * p.inner + i % p.inner;
  var state = 0.0;
  var factor = 1.0;
  if (p.carried == 1u) { state = carry[i]; }
  let end = min((part + 1u) * p.chunk, p.length);
  for (var k = part * p.chunk; k < end; k++) {
    let at = base + select(k, p.length - 1u - k, p.reverse == 1u) * p.inner;
    let before = state;
    let gain = a[p.a_at + at];
    state = gain * state + b[p.b_at + at];
    factor *= gain;
    if (p.last == 0u) { y[at] = select(state, before, p.exclusive == 1u); }
  }
  if (p.last == 1u) {
    y[i] = factor;
    y[i + p.threads] = state;
  }
}

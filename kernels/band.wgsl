// y[o, j, i] = sum over t < count of weight[t] x[o, first + t, i] for x [outer, n, inner] and
// y [outer, m, inner]; row j of the table is first, count and the weights, `stride` words.
struct Params { threads: u32, n: u32, m: u32, inner: u32, stride: u32, x_at: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  let row = i / p.inner % p.m * p.stride;
  let first = u32(table[row]);
  let count = u32(table[row + 1u]);
  var at = p.x_at + (i / (p.inner * p.m) * p.n + first) * p.inner + i % p.inner;
  var sum = 0.0;
  for (var t = 0u; t < count; t++) {
    sum += table[row + 2u + t] * x[at];
    at += p.inner;
  }
  y[i] = sum;
}

// y[o, j, i] = x[o, index[o, j, i], i] for x [outer, length, inner], j < count; the bits `missing`
// for an index out of range. The index may repeat over o and i (strides 0).
struct Params { threads: u32, length: u32, inner: u32, count: u32,
  x_at: u32, index_at: u32, index_outer: u32, index_step: u32, index_inner: u32, missing: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  let column = i % p.inner;
  let j = (i / p.inner) % p.count;
  let o = i / (p.inner * p.count);
  var at = index[p.index_at + o * p.index_outer + j * p.index_step + column * p.index_inner];
  if (at < 0) { at += i32(p.length); }
  var value = p.missing;
  if (at >= 0 && u32(at) < p.length) {
    value = x[p.x_at + (o * p.length + u32(at)) * p.inner + column];
  }
  y[i] = value;
}

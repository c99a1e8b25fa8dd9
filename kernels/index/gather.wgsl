// y[o, j, i] = x[o, index[o, j, i], i] for x [outer, length, inner], j < count; the bits `missing`
// for an index out of range. The index may repeat over o and i (strides 0).
struct Params { threads: u32, length: u32, inner: u32, count: u32, x_at: u32, index_at: u32,
  index_outer: u32, index_step: u32, index_inner: u32, fault: u32, missing: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>, 4>;
@group(0) @binding(4) var<uniform> p: Params;

fn item(i: u32) {
  let column = i % p.inner;
  let j = (i / p.inner) % p.count;
  let o = i / (p.inner * p.count);
  let wanted = index[p.index_at + o * p.index_outer + j * p.index_step + column * p.index_inner];
  let at = select(wanted, wanted + i32(p.length), wanted < 0);
  var value = p.missing;
  if (at >= 0 && u32(at) < p.length) {
    value = x[p.x_at + (o * p.length + u32(at)) * p.inner + column];
  } else {
    note_fault(p.fault, wanted, p.length);
  }
  y[i] = value;
}

// y[plane, o] = x[plane, index[plane, o]] for x [planes, area]; `missing` for an index below 0.
struct Params { threads: u32, area: u32, out: u32, x_at: u32, index_at: u32, missing: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  let at = index[p.index_at + i];
  var value = p.missing;
  if (at >= 0) { value = x[p.x_at + i / p.out * p.area + u32(at)]; }
  y[i] = value;
}

// y[r, :] = softmax(scale x[r, :]); CAUSAL keeps the columns up to r % queries + width - queries.
struct Params { rows: u32, width: u32, queries: u32, zero: u32, scale: f32, x_at: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn row(r: u32, lane: u32) {
  let base = r * p.width;
  let from_x = p.x_at + base;
  var end = p.width;
  if (CAUSAL) { end = p.width - p.queries + r % p.queries + 1u; }
  var top = bitcast<f32>(0xff800000u + p.zero);
  for (var i = lane; i < end; i += WG) { top = nan_max(top, p.scale * x[from_x + i]); }
  top = max_lanes(top, lane);
  if (abs(top) == bitcast<f32>(0x7f800000u + p.zero)) { top = bitcast<f32>(0x7fc00000u + p.zero); }
  var sum = 0.0;
  for (var i = lane; i < end; i += WG) {
    let e = exp(p.scale * x[from_x + i] - top);
    y[base + i] = e;
    sum += e;
  }
  sum = sum_lanes(sum, lane);
  for (var i = lane; i < end; i += WG) { y[base + i] /= sum; }
  for (var i = end + lane; i < p.width; i += WG) { y[base + i] = 0.0; }
}

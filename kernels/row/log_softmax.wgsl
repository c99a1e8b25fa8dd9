// y[r, :] = x[r, :] - log(sum(exp(x[r, :]))).
struct Params { rows: u32, width: u32, x_at: u32, zero: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn row(r: u32, lane: u32) {
  let base = r * p.width;
  let from_x = p.x_at + base;
  var top = bitcast<f32>(0xff800000u + p.zero);
  for (var i = lane; i < p.width; i += WG) { top = nan_max(top, x[from_x + i]); }
  top = max_lanes(top, lane);
  var sum = 0.0;
  for (var i = lane; i < p.width; i += WG) { sum += exp(x[from_x + i] - top); }
  let log_sum = log(sum_lanes(sum, lane));
  for (var i = lane; i < p.width; i += WG) { y[base + i] = x[from_x + i] - top - log_sum; }
}

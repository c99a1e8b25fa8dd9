// y[r] = log(sum(exp(x[r, :]))), from the largest element; that itself where it is infinite.
struct Params { rows: u32, width: u32, x_at: u32, zero: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn row(r: u32, lane: u32) {
  let from_x = p.x_at + r * p.width;
  var top = bitcast<f32>(0xff800000u + p.zero);
  for (var i = lane; i < p.width; i += WG) { top = nan_max(top, x[from_x + i]); }
  top = max_lanes(top, lane);
  var sum = 0.0;
  for (var i = lane; i < p.width; i += WG) { sum += exp(x[from_x + i] - top); }
  sum = sum_lanes(sum, lane);
  if (lane == 0u) {
    y[r] = select(top + log(sum), top, (bitcast<u32>(top) & 0x7f800000u) == 0x7f800000u);
  }
}

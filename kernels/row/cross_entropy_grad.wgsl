// dx[r, j] = dy[r] p_j for j != label, and -dy[r] sum of those p_j at the label, for
// p = softmax(x[r, :]). Never p - 1: that cancels to 0 once the margin passes 16.
struct Params { rows: u32, width: u32, x_at: u32, label_at: u32, dy_at: u32, dy_step: u32,
  ignore: i32, zero: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

fn row(r: u32, lane: u32) {
  let base = p.x_at + r * p.width;
  let label = labels[p.label_at + r];
  let known = label >= 0 && u32(label) < p.width;
  let target_at = u32(clamp(label, 0, i32(p.width) - 1));
  var top = bitcast<f32>(0xff800000u + p.zero);
  for (var i = lane; i < p.width; i += WG) { top = nan_max(top, x[base + i]); }
  top = max_lanes(top, lane);
  var others = 0.0;
  for (var i = lane; i < p.width; i += WG) {
    if (i != target_at) { others += exp(x[base + i] - top); }
  }
  others = sum_lanes(others, lane);
  var factor = dy[p.dy_at + r * p.dy_step] / (others + exp(x[base + target_at] - top));
  if (!known) { factor = bitcast<f32>(0x7fc00000u + p.zero); }
  if (label == p.ignore) { factor = 0.0; }
  for (var i = lane; i < p.width; i += WG) {
    let e = exp(x[base + i] - top);
    dx[r * p.width + i] = select(e, -others, i == target_at) * factor;
  }
}

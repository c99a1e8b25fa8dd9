// dx[r, :] = scale y (dy - sum(y dy)), the gradient of y = softmax(scale x).
struct Params { rows: u32, width: u32, y_at: u32, dy_at: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

fn row(r: u32, lane: u32) {
  let base = r * p.width;
  var sum = 0.0;
  for (var i = lane; i < p.width; i += WG) { sum += y[p.y_at + base + i] * dy[p.dy_at + base + i]; }
  sum = sum_lanes(sum, lane);
  for (var i = lane; i < p.width; i += WG) {
    dx[base + i] = p.scale * y[p.y_at + base + i] * (dy[p.dy_at + base + i] - sum);
  }
}

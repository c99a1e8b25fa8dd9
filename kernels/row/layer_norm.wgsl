// y[r, :] = (x - mean(x)) / sqrt(var(x) + eps), the variance over n.
struct Params { rows: u32, width: u32, x_at: u32, eps: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn row(r: u32, lane: u32) {
  let base = r * p.width;
  let n = f32(p.width);
  let origin = x[p.x_at + base]; // differences from it are exact where a row hardly varies
  var sum = 0.0;
  for (var i = lane; i < p.width; i += WG) { sum += x[p.x_at + base + i] - origin; }
  let rough = origin + sum_lanes(sum, lane) / n;
  var rest = 0.0; // what the rough mean is off by, times n
  var squares = 0.0;
  for (var i = lane; i < p.width; i += WG) {
    let v = x[p.x_at + base + i] - rough;
    rest += v;
    squares += v * v;
  }
  let shift = sum_lanes(rest, lane) / n;
  let scale = 1.0 / sqrt(max(sum_lanes(squares, lane) / n - shift * shift, 0.0) + p.eps);
  for (var i = lane; i < p.width; i += WG) {
    y[base + i] = (x[p.x_at + base + i] - rough - shift) * scale;
  }
}

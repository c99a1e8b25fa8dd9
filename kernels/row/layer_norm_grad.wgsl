// dx[r, :] = (dy - mean(dy) - y mean(y dy)) / s, the gradient of y = (x - mean(x)) / s.
struct Params { rows: u32, width: u32, x_at: u32, dy_at: u32, eps: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

fn row(r: u32, lane: u32) {
  let base = r * p.width;
  let n = f32(p.width);
  let origin = x[p.x_at + base]; // differences from it are exact where a row hardly varies
  var sum = 0.0;
  var dy_sum = 0.0;
  for (var i = lane; i < p.width; i += WG) {
    sum += x[p.x_at + base + i] - origin;
    dy_sum += dy[p.dy_at + base + i];
  }
  let rough = origin + sum_lanes(sum, lane) / n;
  let dy_mean = sum_lanes(dy_sum, lane) / n;
  var rest = 0.0; // what the rough mean is off by, times n
  var squares = 0.0;
  var dot = 0.0;
  for (var i = lane; i < p.width; i += WG) {
    let v = x[p.x_at + base + i] - rough;
    rest += v;
    squares += v * v;
    dot += v * (dy[p.dy_at + base + i] - dy_mean);
  }
  let shift = sum_lanes(rest, lane) / n;
  let scale = 1.0 / sqrt(max(sum_lanes(squares, lane) / n - shift * shift, 0.0) + p.eps);
  let pull = sum_lanes(dot, lane) * scale * scale / n;
  for (var i = lane; i < p.width; i += WG) {
    let v = x[p.x_at + base + i] - rough - shift;
    dx[base + i] = scale * (dy[p.dy_at + base + i] - dy_mean - v * pull);
  }
}

// dx[r, :] = (dy - mean(dy) - y mean(y dy)) / s, the gradient of y = (x - mean(x)) / s.
struct Params { rows: u32, width: u32, x_at: u32, dy_at: u32, eps: f32, zero: u32, extra: Extra }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read_write> dx: array<V>;

fn row(r: u32, lane: u32) {
  let packs = p.width / PACK;
  let from_x = p.x_at / PACK + r * packs;
  let from_dy = p.dy_at / PACK + r * packs;
  let n = f32(p.width);
  let origin = pick(x[from_x], 0u); // differences from it are exact where a row hardly varies
  var sum = V();
  var dy_sum = V();
  for (var i = lane; i < packs; i += WG * RUN) {
    sum += x[from_x + i + $iu * WG] - origin;
    dy_sum += dy[from_dy + i + $iu * WG];
  }
  let rough = sum_pairs(vec2<f32>(total(sum), total(dy_sum)), lane) / n + vec2<f32>(origin, 0.0);
  var rest = V(); // what the rough mean is off by, times n
  var squares = V();
  var dot = V();
  for (var i = lane; i < packs; i += WG * RUN) {
    let v$i = x[from_x + i + $iu * WG] - rough.x;
    rest += v$i;
    squares += v$i * v$i;
    dot += v$i * (dy[from_dy + i + $iu * WG] - rough.y);
  }
  let means = sum_pairs(vec2<f32>(total(rest), total(squares)), lane) / n;
  let scale = 1.0 / sqrt(max(means.y - means.x * means.x, 0.0) + p.eps);
  let pull = sum_lanes(total(dot), lane) * scale * scale / n;
  for (var i = lane; i < packs; i += WG * RUN) {
    let v$i = x[from_x + i + $iu * WG] - rough.x - means.x;
    let z$i = scale * (dy[from_dy + i + $iu * WG] - rough.y - v$i * pull);
    dx[r * packs + i + $iu * WG] = finished(r, i + $iu * WG, z$i);
  }
}

// dx[r, :] = (dy - y mean(y dy)) / s, the gradient of y = x / s, s = sqrt(mean(x^2) + eps).
struct Params { rows: u32, width: u32, x_at: u32, dy_at: u32, eps: f32, zero: u32, extra: Extra }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read_write> dx: array<V>;

fn row(r: u32, lane: u32) {
  let packs = p.width / PACK;
  let from_x = p.x_at / PACK + r * packs;
  let from_dy = p.dy_at / PACK + r * packs;
  var squares = V();
  var dot = V();
  for (var i = lane; i < packs; i += WG * RUN) {
    let v$i = x[from_x + i + $iu * WG];
    squares += v$i * v$i;
    dot += v$i * dy[from_dy + i + $iu * WG];
  }
  let means = sum_pairs(vec2<f32>(total(squares), total(dot)), lane) / f32(p.width);
  let scale = 1.0 / sqrt(means.x + p.eps);
  let pull = means.y * scale * scale;
  for (var i = lane; i < packs; i += WG * RUN) {
    let v$i = scale * (dy[from_dy + i + $iu * WG] - x[from_x + i + $iu * WG] * pull);
    dx[r * packs + i + $iu * WG] = finished(r, i + $iu * WG, v$i);
  }
}

// y[r, :] = (x - mean(x)) / sqrt(var(x) + eps), the variance over n.
struct Params { rows: u32, width: u32, x_at: u32, eps: f32, zero: u32, extra: Extra }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> y: array<V>;

fn row(r: u32, lane: u32) {
  let packs = p.width / PACK;
  let from_x = p.x_at / PACK + r * packs;
  let n = f32(p.width);
  let origin = pick(x[from_x], 0u); // differences from it are exact where a row hardly varies
  var sum = V();
  for (var i = lane; i < packs; i += WG * RUN) {
    sum += x[from_x + i + $iu * WG] - origin;
  }
  let rough = origin + sum_lanes(total(sum), lane) / n;
  var rest = V(); // what the rough mean is off by, times n
  var squares = V();
  for (var i = lane; i < packs; i += WG * RUN) {
    let v$i = x[from_x + i + $iu * WG] - rough;
    rest += v$i;
    squares += v$i * v$i;
  }
  let means = sum_pairs(vec2<f32>(total(rest), total(squares)), lane) / n;
  let scale = 1.0 / sqrt(max(means.y - means.x * means.x, 0.0) + p.eps);
  for (var i = lane; i < packs; i += WG * RUN) {
    let v$i = (x[from_x + i + $iu * WG] - rough - means.x) * scale;
    y[r * packs + i + $iu * WG] = finished(r, i + $iu * WG, v$i);
  }
}

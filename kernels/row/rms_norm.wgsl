// y[r, :] = x / sqrt(mean(x^2) + eps).
struct Params { rows: u32, width: u32, x_at: u32, eps: f32, zero: u32, extra: Extra }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> y: array<V>;

fn row(r: u32, lane: u32) {
  let packs = p.width / PACK;
  let from_x = p.x_at / PACK + r * packs;
  var squares = V();
  for (var i = lane; i < packs; i += WG * RUN) {
    let v$i = x[from_x + i + $iu * WG];
    squares += v$i * v$i;
  }
  let scale = 1.0 / sqrt(sum_lanes(total(squares), lane) / f32(p.width) + p.eps);
  for (var i = lane; i < packs; i += WG * RUN) {
    y[r * packs + i + $iu * WG] = finished(r, i + $iu * WG, x[from_x + i + $iu * WG] * scale);
  }
}

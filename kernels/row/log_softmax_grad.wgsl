// dx[r, :] = dy - exp(y) sum(dy), the gradient of y = log_softmax(x).
struct Params { rows: u32, width: u32, y_at: u32, dy_at: u32, zero: u32, extra: Extra }
@group(0) @binding(0) var<storage, read> y: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read_write> dx: array<V>;

fn row(r: u32, lane: u32) {
  let packs = p.width / PACK;
  let from_y = p.y_at / PACK + r * packs;
  let from_dy = p.dy_at / PACK + r * packs;
  var sums = V();
  for (var i = lane; i < packs; i += WG * RUN) {
    sums += dy[from_dy + i + $iu * WG];
  }
  let sum = sum_lanes(total(sums), lane);
  for (var i = lane; i < packs; i += WG * RUN) {
    let v$i = dy[from_dy + i + $iu * WG] - exp(y[from_y + i + $iu * WG]) * sum;
    dx[r * packs + i + $iu * WG] = finished(r, i + $iu * WG, v$i);
  }
}

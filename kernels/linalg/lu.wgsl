// LU with partial pivoting of columns first .. first + b of W [batch, n, n + 2], in place: whole
// rows are exchanged (column n with them, but not n + 1), then L is below the diagonal and U above
// it, in these columns only. Column n + 1 gets the row each pivot was found in. Of equals the first
// is taken; NaN counts as the largest.
struct Params { rows: u32, n: u32, first: u32, b: u32 }
@group(0) @binding(0) var<storage, read_write> w: array<f32>;
@group(0) @binding(1) var<uniform> p: Params;

var<workgroup> best: array<u32, WG>;
var<workgroup> place: array<u32, WG>;

fn row(g: u32, lane: u32) {
  let pitch = p.n + 2u;
  let w_at = g * p.n * pitch;
  let end = p.first + p.b;
  for (var j = p.first; j < end; j++) {
    var top = 0u;
    var at = j;
    for (var i = j + lane; i < p.n; i += WG) {
      let size = bitcast<u32>(w[w_at + i * pitch + j]) & 0x7fffffffu;
      if (size > top) { top = size; at = i; }
    }
    best[lane] = top;
    place[lane] = at;
    workgroupBarrier();
    for (var half = WG / 2u; half > 0u; half /= 2u) {
      if (lane < half) {
        let other = best[lane + half];
        let better = other > best[lane]
          || (other == best[lane] && place[lane + half] < place[lane]);
        if (better) { best[lane] = other; place[lane] = place[lane + half]; }
      }
      workgroupBarrier();
    }
    let pivot = place[0];
    for (var c = lane; c <= p.n && pivot != j; c += WG) {
      let x = w[w_at + j * pitch + c];
      w[w_at + j * pitch + c] = w[w_at + pivot * pitch + c];
      w[w_at + pivot * pitch + c] = x;
    }
    if (lane == 0u) { w[w_at + j * pitch + p.n + 1u] = f32(pivot); }
    storageBarrier();
    let head = w[w_at + j * pitch + j];
    for (var i = j + 1u + lane; i < p.n; i += WG) {
      if (head != 0.0) { w[w_at + i * pitch + j] /= head; }
    }
    storageBarrier();
    let across = end - j - 1u;
    let cells = (p.n - j - 1u) * across;
    for (var k = lane; k < cells; k += WG) {
      let i = j + 1u + k / across;
      let c = j + 1u + k % across;
      w[w_at + i * pitch + c] -= w[w_at + i * pitch + j] * w[w_at + j * pitch + c];
    }
    storageBarrier();
  }
}

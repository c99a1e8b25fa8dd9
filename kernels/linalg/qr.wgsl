// Householder QR of columns first .. first + b of W [batch, rows, n], in place from row `first` on:
// R on and above the diagonal (below it is left what was there). Also V [batch, m, b], m = rows -
// first, unit lower trapezoidal, and T [batch, b, b] with H_0 H_1 .. = I - V T V^T. Dot products
// are sums over every 8th row. Source: Schreiber, Van Loan 1989.
struct Params { rows: u32, m: u32, b: u32, n: u32, first: u32 }
@group(0) @binding(0) var<storage, read_write> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> v: array<f32>;
@group(0) @binding(2) var<storage, read_write> t: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

const ACROSS = 32u;
const PARTS = WG / ACROSS;
var<workgroup> partial: array<f32, WG>;
var<workgroup> dots: array<f32, ACROSS>;

fn row(g: u32, lane: u32) {
  let w_at = (g * (p.m + p.first) + p.first) * p.n + p.first;
  let v_at = g * p.m * p.b;
  let t_at = g * p.b * p.b;
  let column = lane % ACROSS;
  let part = lane / ACROSS;
  for (var j = 0u; j < p.b; j++) {
    var squares = 0.0;
    for (var i = j + 1u + lane; i < p.m; i += WG) {
      let x = w[w_at + i * p.n + j];
      squares += x * x;
    }
    let below = sum_lanes(squares, lane);
    let head = w[w_at + j * p.n + j];
    // Columns of less than 1e-15 of the matrix stay as they are: their squares may be rounded to 0.
    let flat = below == 0.0 || head * head + below < 1e-30;
    let beta = select(1.0, -1.0, head >= 0.0) * sqrt(head * head + below);
    let tau = select((beta - head) / beta, 0.0, flat);
    for (var i = lane; i < p.m; i += WG) {
      var x = 0.0;
      if (i > j && !flat) { x = w[w_at + i * p.n + j] / (head - beta); }
      v[v_at + i * p.b + j] = select(x, 1.0, i == j);
    }
    storageBarrier();
    var dot = 0.0;
    if (column < p.b) {
      for (var i = j + part; i < p.m; i += PARTS) {
        var x = w[w_at + i * p.n + column];
        if (column < j) { x = v[v_at + i * p.b + column]; }
        dot += x * v[v_at + i * p.b + j];
      }
    }
    partial[lane] = dot;
    workgroupBarrier();
    if (lane < ACROSS) {
      var total = 0.0;
      for (var k = 0u; k < PARTS; k++) { total += partial[k * ACROSS + lane]; }
      dots[lane] = total;
    }
    workgroupBarrier();
    if (column > j && column < p.b) {
      for (var i = j + part; i < p.m; i += PARTS) {
        w[w_at + i * p.n + column] -= tau * dots[column] * v[v_at + i * p.b + j];
      }
    }
    if (lane < p.b) {
      var sum = 0.0;
      for (var k = lane; k < j; k++) { sum += t[t_at + lane * p.b + k] * dots[k]; }
      var x = select(0.0, tau, lane == j);
      if (lane < j) { x = -tau * sum; }
      t[t_at + lane * p.b + j] = x;
    }
    if (lane == 0u && !flat) { w[w_at + j * p.n + j] = beta; }
    storageBarrier();
  }
}

// X = T^-1 B for lower triangular T [batch, n, n] and B, X [batch, n, columns], any strides:
// forward substitution, one thread a column, the sums in order. With `unit` the diagonal is ones.
struct Params { threads: u32, n: u32, columns: u32, unit: u32,
  t: vec4<u32>, b: vec4<u32>, x: vec4<u32> } // offset, strides of batch, row, column
@group(0) @binding(0) var<storage, read> t: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> x: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  let column = i % p.columns;
  let batch = i / p.columns;
  let t_at = p.t.x + batch * p.t.y;
  let b_at = p.b.x + batch * p.b.y + column * p.b.w;
  let x_at = p.x.x + batch * p.x.y + column * p.x.w;
  for (var row = 0u; row < p.n; row++) {
    let at = t_at + row * p.t.z;
    var sum = b[b_at + row * p.b.z];
    for (var k = 0u; k < row; k++) { sum -= t[at + k * p.t.w] * x[x_at + k * p.x.z]; }
    if (p.unit == 0u) { sum /= t[at + row * p.t.w]; }
    x[x_at + row * p.x.z] = sum;
  }
}

// Of W [batch, n, n + 2] from LU: y [batch, 3] = sign, logarithm of the size, and the determinant,
// all of the product of the diagonal in order, with a change of sign for every exchange of rows.
struct Params { threads: u32, n: u32, zero: u32 }
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  let pitch = p.n + 2u;
  var product = 1.0;
  var side = 1.0;
  var size = 0.0;
  for (var j = 0u; j < p.n; j++) {
    let at = (i * p.n + j) * pitch;
    let x = w[at + j];
    let turned = u32(w[at + p.n + 1u]) != j;
    let bits = bitcast<u32>(x) & 0x7fffffffu;
    product *= select(x, -x, turned);
    if (bits > 0x7f800000u) { side = x; }
    side *= sign(select(x, -x, turned));
    size += log(abs(x));
    if (bits == 0u) { size = bitcast<f32>(0xff800000u + p.zero); }
    if (bits > 0x7f800000u) { size = x; }
  }
  y[i * 3u] = side;
  y[i * 3u + 1u] = size;
  y[i * 3u + 2u] = product;
}

// Columns first .. first + b of L in A = L L^T: from S [batch, m, b], what is left of them from
// row `first` on, into L [batch, n, n], n = first + m. Every group factors the top of S again, and
// does 64 of the rows below. A pivot that is not positive is NaN, and so is what follows from it.
struct Params { rows: u32, chunks: u32, m: u32, b: u32, n: u32, first: u32, zero0: u32, zero1: u32,
  s: vec4<u32> } // offset, strides of batch, row, column
@group(0) @binding(0) var<storage, read> s: array<f32>;
@group(0) @binding(1) var<storage, read_write> l: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

const PITCH = 33u;
var<workgroup> top: array<f32, 1056>;

fn root(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if (bits == 0u || bits > 0x7f800000u) { return bitcast<f32>(0x7fc00000u + p.zero0); }
  return sqrt(x);
}

fn row(g: u32, lane: u32) {
  let batch = g / p.chunks;
  let s_at = p.s.x + batch * p.s.y;
  let l_at = batch * p.n * p.n + p.first * p.n + p.first;
  let cells = p.b * p.b;
  for (var i = lane; i < cells; i += WG) {
    top[i / p.b * PITCH + i % p.b] = s[s_at + i / p.b * p.s.z + i % p.b * p.s.w];
  }
  workgroupBarrier();
  for (var j = 0u; j < p.b; j++) {
    let pivot = root(top[j * PITCH + j]);
    workgroupBarrier();
    for (var i = j + lane; i < p.b; i += WG) {
      top[i * PITCH + j] = select(top[i * PITCH + j] / pivot, pivot, i == j);
    }
    workgroupBarrier();
    for (var i = lane; i < cells; i += WG) {
      let r = i / p.b;
      let c = i % p.b;
      if (c > j && r >= c) { top[r * PITCH + c] -= top[r * PITCH + j] * top[c * PITCH + j]; }
    }
    workgroupBarrier();
  }
  if (g % p.chunks == 0u) {
    for (var i = lane; i < cells; i += WG) {
      let c = i % p.b;
      if (c <= i / p.b) { l[l_at + i / p.b * p.n + c] = top[i / p.b * PITCH + c]; }
    }
  }
  let r = p.b + (g % p.chunks) * WG + lane;
  if (r < p.m) {
    let to = l_at + r * p.n;
    for (var j = 0u; j < p.b; j++) {
      var sum = s[s_at + r * p.s.z + j * p.s.w];
      for (var k = 0u; k < j; k++) { sum -= l[to + k] * top[j * PITCH + k]; }
      l[to + j] = sum / top[j * PITCH + j];
    }
  }
}

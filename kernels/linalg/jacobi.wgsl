// One-sided Jacobi: turns pairs of rows of W [batch, n, length] until their first m elements are
// orthogonal. Rounds `first` .. `first + count`, of P - 1 to a sweep (P = n, or n + 1 if odd), meet
// every pair once in a sweep. L lanes to a pair; a group takes every `chunks`th WG / L pairs of its
// matrix. busy[batch, sweep] tells whether a sweep had anything to turn; after one that had not,
// the matrix is left alone. Source: Demmel, Veselic 1992; Brent, Luk 1985 (order).
struct Params { rows: u32, n: u32, m: u32, length: u32, chunks: u32, first: u32, count: u32,
  sweeps: u32, tolerance: f32 }
@group(0) @binding(0) var<storage, read_write> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> busy: array<atomic<u32>>;
@group(0) @binding(2) var<uniform> p: Params;

const GROUP = WG / L;
var<workgroup> sums: array<vec3<f32>, WG>;
var<workgroup> done: u32;

// Sine and tan of half the angle that makes two rows orthogonal; squares and product of them.
fn turn(s: vec3<f32>) -> vec2<f32> {
  // What is left between rows of less than 3e-8 is noise: elements are about 1.
  if (!(abs(s.z) > max(1e-15, p.tolerance * sqrt(s.x) * sqrt(s.y)))) { return vec2<f32>(0.0); }
  let zeta = (s.y - s.x) / (2.0 * s.z);
  let size = abs(zeta);
  var tangent = 0.5 / size;
  if (size < 1e6) { tangent = 1.0 / (size + sqrt(1.0 + size * size)); }
  if (zeta < 0.0) { tangent = -tangent; }
  let half = tangent / (1.0 + sqrt(1.0 + tangent * tangent));
  return vec2<f32>(2.0 * half / (1.0 + half * half), half);
}

fn row(g: u32, lane: u32) {
  let batch = g / p.chunks;
  let cycle = (p.n + 1u) / 2u * 2u - 1u;
  let pairs = (p.n + 1u) / 2u;
  for (var round = p.first; round < p.first + p.count; round++) {
    let at = round % cycle;
    let sweep = round / cycle;
    if ((at == 0u || round == p.first) && sweep > 0u) {
      if (lane == 0u) {
        done = select(0u, 1u, atomicLoad(&busy[batch * p.sweeps + sweep - 1u]) == 0u);
      }
      if (workgroupUniformLoad(&done) == 1u) { break; }
    }
    for (var base = (g % p.chunks) * GROUP; base < pairs; base += p.chunks * GROUP) {
      let pair = base + lane / L;
      var i = (at + pair) % cycle;
      if (pair == 0u) { i = cycle; }
      let j = (at + cycle - min(pair, cycle)) % cycle;
      let real = pair < pairs && i < p.n && j < p.n;
      let i_at = (batch * p.n + i) * p.length;
      let j_at = (batch * p.n + j) * p.length;
      var s = vec3<f32>(0.0);
      if (real) {
        for (var k = lane % L; k < p.m; k += L) {
          let x = w[i_at + k];
          let y = w[j_at + k];
          s += vec3<f32>(x * x, y * y, x * y);
        }
      }
      sums[lane] = s;
      workgroupBarrier();
      s = vec3<f32>(0.0);
      for (var k = 0u; k < L; k++) { s += sums[lane / L * L + k]; }
      let angle = turn(s);
      if (real && angle.x != 0.0) {
        if (lane % L == 0u) { atomicStore(&busy[batch * p.sweeps + sweep], 1u); }
        for (var k = lane % L; k < p.length; k += L) {
          let x = w[i_at + k];
          let y = w[j_at + k];
          w[i_at + k] = x - angle.x * (y + angle.y * x);
          w[j_at + k] = y + angle.x * (x - angle.y * y);
        }
      }
      workgroupBarrier();
    }
    storageBarrier();
  }
}

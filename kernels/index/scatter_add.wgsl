// y[o, v, i] = sum of x[o, j, i] over the j with index[o, j, i] == v, in the order of j: no
// atomics, so the same bits each time.
struct Params { threads: u32, length: u32, inner: u32, count: u32, x_at: u32, index_at: u32,
  index_outer: u32, index_step: u32, index_inner: u32, fault: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>, 4>;
@group(0) @binding(4) var<uniform> p: Params;

fn item(i: u32) {
  let column = i % p.inner;
  let v = i32((i / p.inner) % p.length);
  let o = i / (p.inner * p.length);
  let index_from = p.index_at + o * p.index_outer + column * p.index_inner;
  let x_from = p.x_at + o * p.count * p.inner + column;
  let length = i32(p.length);
  let wrapped = v - length;
  var sum = 0.0;
  for (var k = 0u; k < p.count; k++) {
    let at = index[index_from + k * p.index_step];
    if (at == v || at == wrapped) { sum += x[x_from + k * p.inner]; }
    if (v == 0 && (at >= length || at < -length)) { note_fault(p.fault, at, p.length); }
  }
  y[i] = sum;
}

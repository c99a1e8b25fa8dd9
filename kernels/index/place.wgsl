// y[o, index[o, j, i], i] = 1 + the last such j < count, for y [outer, length, inner] of zeros.
// COUNT: how many there are. Whole numbers, so that the order of the threads does not show.
struct Params { threads: u32, length: u32, inner: u32, count: u32, index_at: u32, fault: u32 }
@group(0) @binding(0) var<storage, read> index: array<i32>;
@group(0) @binding(1) var<storage, read_write> y: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> faults: array<atomic<u32>, 4>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  let wanted = index[p.index_at + i];
  let at = select(wanted, wanted + i32(p.length), wanted < 0);
  if (at < 0 || u32(at) >= p.length) {
    note_fault(p.fault, wanted, p.length);
    return;
  }
  let j = (i / p.inner) % p.count;
  let to = (i / (p.inner * p.count) * p.length + u32(at)) * p.inner + i % p.inner;
  if (COUNT) { atomicAdd(&y[to], 1u); } else { atomicMax(&y[to], j + 1u); }
}

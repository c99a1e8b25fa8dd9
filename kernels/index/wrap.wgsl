// keys[line, k] = the place that the k-th index of a line means, and `length` if there is none.
// A line is one column of the index, `inner` of them side by side.
struct Params { threads: u32, length: u32, inner: u32, count: u32, index_at: u32,
  index_outer: u32, index_step: u32, index_inner: u32, fault: u32 }
@group(0) @binding(0) var<storage, read> index: array<i32>;
@group(0) @binding(1) var<storage, read_write> keys: array<u32>;
@group(0) @binding(2) var<storage, read_write> faults: array<atomic<u32>, 4>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  let k = i % p.count;
  let line = i / p.count;
  let wanted = index[p.index_at + line / p.inner * p.index_outer + k * p.index_step
    + line % p.inner * p.index_inner];
  let at = select(wanted, wanted + i32(p.length), wanted < 0);
  if (at < 0 || u32(at) >= p.length) {
    note_fault(p.fault, wanted, p.length);
    keys[i] = p.length;
    return;
  }
  keys[i] = u32(at);
}

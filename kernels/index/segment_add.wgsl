// As scatter_add, for an index in [0, length) whose places `order` has in order of the index, row
// by row: a thread looks up where its own begin. Rows are one for all, or `single` columns' own.
struct Params { threads: u32, length: u32, inner: u32, count: u32, x_at: u32, single: u32,
  fault: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read> order: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> faults: array<atomic<u32>, 4>;
@group(0) @binding(5) var<uniform> p: Params;

// The k-th smallest index of a row.
fn ranked(row: u32, k: u32) -> i32 { return index[row + u32(order[row + k])]; }

fn check_row(row: u32) {
  let length = i32(p.length);
  let first = ranked(row, 0u);
  let last = ranked(row, p.count - 1u);
  if (first < 0) { note_fault(p.fault, first - length, p.length); }
  if (last >= length) { note_fault(p.fault, last, p.length); }
}

fn item(i: u32) {
  let runs = p.inner / RUN;
  let column = (i % runs) * RUN;
  let v = i32((i / runs) % p.length);
  let o = i / (runs * p.length);
  let row = (o * p.inner + column) * p.count * p.single;
  if (v == 0) { check_row(row); }
  var low = 0u;
  var high = p.count;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (ranked(row, middle) < v) { low = middle + 1u; } else { high = middle; }
  }
  let x_from = p.x_at + o * p.count * p.inner + column;
  var sum$j = 0.0;
  for (var k = low; k < p.count; k++) {
    let at = u32(order[row + k]);
    if (index[row + at] != v) { break; }
    let from_x = x_from + at * p.inner;
    sum$j += x[from_x + $ju];
  }
  let to = (i / runs) * p.inner + column;
  y[to + $ju] = sum$j;
}

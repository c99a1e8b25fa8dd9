// Places that put each row of x [rows, n] in order, i32: rising, or falling; of equals the first
// one first, NaN as the largest.
struct Params { threads: u32, n: u32, falling: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<i32>;
@group(0) @binding(2) var<uniform> p: Params;

fn key(i: u32) -> u32 {
  let bits = x[i];
  let rising = select(bits ^ 0x80000000u, ~bits, bits >= 0x80000000u);
  return select(rising, ~rising, p.falling == 1u);
}

fn item(i: u32) {
  let start = i / p.n * p.n;
  let own = key(i);
  var before = 0u;
  for (var j = start; j < start + p.n; j++) {
    let other = key(j);
    if (other < own || (other == own && j < i)) { before++; }
  }
  y[start + before] = i32(i - start);
}

// The store of matmul, by elements: what lies outside is left out, a symmetric result is mirrored,
// and the sum of a part is kept as it is.
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

fn store(base: Base, row: u32, col: u32, sum: f32) {
  if (row >= p.m || col >= p.n || (SYMMETRIC && col < row)) { return; }
  let at = base.c + row * p.c_row + col * p.c_col;
  if (PARTIAL) { c[at] = sum; return; }
  let y = epilogue(base.at, row, col, at, finished(base, row, col, sum));
  c[at] = y;
  if (SYMMETRIC) { c[base.c + col * p.c_row + row * p.c_col] = y; }
}

fn store4(base: Base, row: u32, col: u32, sums: vec4<f32>) {
  store(base, row, col, sums.x);
  store(base, row, col + 1u, sums.y);
  store(base, row, col + 2u, sums.z);
  store(base, row, col + 3u, sums.w);
}

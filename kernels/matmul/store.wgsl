// The store of matmul, by elements: what lies outside is left out, a symmetric result is mirrored,
// and the sum of a part is kept as it is.
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

// Whether a tile lies inside, and above the diagonal of a symmetric result.
fn is_inside(start: vec2<u32>) -> bool {
  let end = start + vec2<u32>(HIGH, WIDE);
  return end.x <= p.m && end.y <= p.n && (!SYMMETRIC || end.x <= start.y);
}

fn store(base: Base, row: u32, col: u32, sum: f32) {
  if (row >= p.m || col >= p.n || (SYMMETRIC && col < row)) { return; }
  put(base, row, col, sum);
}

fn put(base: Base, row: u32, col: u32, sum: f32) {
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

// The store of matmul by four elements of a row: rows of a multiple of four, one after another.
@group(0) @binding(3) var<storage, read_write> c: array<vec4<f32>>;

fn element(base: Base, row: u32, col: u32, at: u32, sum: f32) -> f32 {
  return epilogue(base.at, row, col, at, finished(base, row, col, sum));
}

fn store4(base: Base, row: u32, col: u32, sums: vec4<f32>) {
  if (row >= p.m || col >= p.n) { return; }
  let at = base.c + row * p.n + col;
  var y = sums;
  if (!PARTIAL) {
    y = vec4<f32>(
      element(base, row, col, at, y.x), element(base, row, col + 1u, at + 1u, y.y),
      element(base, row, col + 2u, at + 2u, y.z), element(base, row, col + 3u, at + 3u, y.w),
    );
  }
  c[at / 4u] = y;
}

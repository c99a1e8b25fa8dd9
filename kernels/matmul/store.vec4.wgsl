// The store of matmul by four elements of a row: rows of a multiple of four, one after another.
@group(0) @binding(3) var<storage, read_write> c: array<vec4<f32>>;

fn store4(base: Base, row: u32, col: u32, sums: vec4<f32>) {
  if (row >= p.m || col >= p.n) { return; }
  var y = sums;
  if (!PARTIAL) {
    y = vec4<f32>(
      finished(base, row, col, y.x), finished(base, row, col + 1u, y.y),
      finished(base, row, col + 2u, y.z), finished(base, row, col + 3u, y.w),
    );
  }
  c[(base.c + row * p.n + col) / 4u] = y;
}

// Four elements of A as one vector: of line `line` (a row if A_DOWN, else a column) from `at` on;
// zeros outside. Sides along vectors, strides and offsets are multiples of four.
fn a4(base: Base, line: u32, at: u32) -> vec4<f32> {
  let row = select(at, line, A_DOWN);
  let k = select(line, at, A_DOWN);
  if (row >= p.m || k >= base.k_end) { return vec4<f32>(); }
  return vec4<f32>(a[(base.a + row * p.a_row + k * p.a_col) / 4u]);
}

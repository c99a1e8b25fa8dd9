// Four elements of B as one vector: of line `line` (a column if B_DOWN, else a row) from `at` on;
// zeros outside. Sides along vectors, strides and offsets are multiples of four.
fn b4(base: Base, line: u32, at: u32) -> vec4<f32> {
  let col = select(at, line, B_DOWN);
  let k = select(line, at, B_DOWN);
  if (col >= p.n || k >= base.k_end) { return vec4<f32>(); }
  return vec4<f32>(b[(base.b + k * p.b_row + col * p.b_col) / 4u]);
}

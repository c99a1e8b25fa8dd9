// Four elements of A, by elements: of line `line` (a row if A_DOWN, else a column) from `at` on;
// zeros outside and for terms of another part of the sum.
fn a4(base: Base, line: u32, at: u32) -> vec4<f32> {
  let row = select(at, line, A_DOWN);
  let k = select(line, at, A_DOWN);
  let step = select(vec2<u32>(1u, 0u), vec2<u32>(0u, 1u), A_DOWN);
  return vec4<f32>(
    a1(base, row, k), a1(base, row + step.x, k + step.y),
    a1(base, row + 2u * step.x, k + 2u * step.y), a1(base, row + 3u * step.x, k + 3u * step.y),
  );
}

fn a1(base: Base, row: u32, k: u32) -> f32 {
  if (row >= p.m || k >= base.k_end) { return 0.0; }
  return f32(a[base.a + row * p.a_row + k * p.a_col]);
}

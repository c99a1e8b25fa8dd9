// Four elements of B, by elements: of line `line` (a column if B_DOWN, else a row) from `at` on;
// zeros outside and for terms of another part of the sum.
fn b4(base: Base, line: u32, at: u32) -> vec4<f32> {
  let col = select(at, line, B_DOWN);
  let k = select(line, at, B_DOWN);
  let step = select(vec2<u32>(1u, 0u), vec2<u32>(0u, 1u), B_DOWN);
  return vec4<f32>(
    b1(base, col, k), b1(base, col + step.x, k + step.y),
    b1(base, col + 2u * step.x, k + 2u * step.y), b1(base, col + 3u * step.x, k + 3u * step.y),
  );
}

fn b1(base: Base, col: u32, k: u32) -> f32 {
  if (col >= p.n || k >= base.k_end) { return 0.0; }
  return f32(b[base.b + k * p.b_row + col * p.b_col]);
}

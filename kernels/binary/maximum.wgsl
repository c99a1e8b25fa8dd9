// Larger of two elements, 0 above -0; NaN if one is.
fn op(a: T, b: T) -> T {
  if (is_nan_f32(f32(a))) { return a; }
  if (is_nan_f32(f32(b))) { return b; }
  return select(b, a, a > b || (a == b && bitcast<u32>(a) < 0x80000000u));
}

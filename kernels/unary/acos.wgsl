// Angle in [0, pi] whose cosine is x.
fn op(x: T) -> T {
  let a = abs(x);
  if (a <= 0.5) { return 1.5707963267948966 - asin_half(x); }
  if (is_nan_f32(x) || a > 1.0) { return nan_f32(x); }
  let y = acos_end(a);
  return select(y, 3.141592653589793 - y, x < 0.0);
}

// Angle in [-pi/2, pi/2] whose sine is x.
fn op(x: T) -> T {
  let a = abs(x);
  if (a <= 0.5) { return asin_half(x); }
  if (is_nan_f32(x) || a > 1.0) { return nan_f32(x); }
  return signed_f32(1.5707963267948966 - acos_end(a), x);
}

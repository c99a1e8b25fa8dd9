// Inverse of the hyperbolic sine.
fn op(x: T) -> T {
  if (is_nan_f32(x)) { return x; }
  let a = abs(x);
  if (a > 1e9) { return signed_f32(log_ends(a, log(a)) + 0.6931471805599453, x); }
  return signed_f32(log1p_f32(a + a * a / (1.0 + sqrt(a * a + 1.0))), x);
}

// Inverse of the hyperbolic cosine, from 0 up; NaN below 1.
fn op(x: T) -> T {
  if (is_nan_f32(x) || x < 1.0) { return nan_f32(x); }
  if (x > 1e9) { return log_ends(x, log(x)) + 0.6931471805599453; }
  let t = x - 1.0;
  return log1p_f32(t + sqrt(t * (t + 2.0)));
}

// t (log(t) - x); 0 for t = 0, whatever x is but NaN, and NaN for t < 0.
fn op(x: T, t: T) -> T {
  if (is_nan_f32(x) || is_nan_f32(t)) { return nan_f32(x); }
  return select(t * (log_ends(t, log(t)) - x), 0.0, t == 0.0);
}

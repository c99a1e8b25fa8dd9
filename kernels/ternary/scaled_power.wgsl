// (|x| / top)^p for |x| <= top; 0 where top is 0, and of infinite numbers those count alone.
fn op(x: T, top: T, p: T) -> T {
  if (is_nan_f32(x)) { return x; }
  if (is_inf_f32(top)) { return select(0.0, 1.0, is_inf_f32(x)); }
  return select(pow(abs(x) / top, p), 0.0, x == 0.0);
}

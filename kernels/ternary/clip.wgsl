// x, but at least low and at most high; NaN stays.
fn op(x: T, low: T, high: T) -> T {
  return select(select(select(x, low, x < low), high, x > high), x, is_nan_f32(f32(x)));
}

// Square of the larger of x and 0; NaN stays.
fn op(x: T) -> T {
  let r = select(max(x, 0.0), x, is_nan_f32(x));
  return r * r;
}

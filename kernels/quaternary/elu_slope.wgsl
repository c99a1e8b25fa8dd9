// above for x > 0, else below exp(rate x).
fn op(x: T, above: T, below: T, rate: T) -> T {
  if (is_nan_f32(x)) { return x; }
  return select(below * exp(rate * x), above, x > 0.0);
}

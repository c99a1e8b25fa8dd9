// above x for x > 0, else below (exp(rate x) - 1).
fn op(x: T, above: T, below: T, rate: T) -> T {
  if (is_nan_f32(x)) { return x; }
  return select(below * expm1_f32(rate * x), above * x, x > 0.0);
}

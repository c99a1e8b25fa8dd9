// Hyperbolic sine.
fn op(x: T) -> T {
  if (is_nan_f32(x)) { return x; }
  let a = abs(x);
  if (a < 1.0) {
    let e = expm1_f32(a);
    return signed_f32(0.5 * (e + e / (e + 1.0)), x);
  }
  let e = exp(min(a, 80.0));
  let h = exp(0.5 * a); // overflows later than its square, and so does the product
  return signed_f32(select(0.5 * (e - 1.0 / e), 0.5 * h * h, a > 80.0), x);
}

// Hyperbolic cosine.
fn op(x: T) -> T {
  if (is_nan_f32(x)) { return x; }
  let a = abs(x);
  let e = exp(min(a, 80.0));
  let h = exp(0.5 * a); // overflows later than its square, and so does the product
  return select(0.5 * (e + 1.0 / e), 0.5 * h * h, a > 80.0);
}

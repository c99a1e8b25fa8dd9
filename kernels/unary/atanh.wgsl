// Inverse of the hyperbolic tangent; infinite at -1 and 1, NaN beyond.
fn op(x: T) -> T {
  let a = abs(x);
  if (is_nan_f32(x) || a > 1.0) { return nan_f32(x); }
  if (a == 1.0) { return bitcast<f32>(bitcast<u32>(x) | 0x7f800000u); }
  return signed_f32(0.5 * log1p_f32(2.0 * a / (1.0 - a)), x);
}

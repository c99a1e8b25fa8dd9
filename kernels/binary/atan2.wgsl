// Angle in [-pi, pi] of the point (x, y), by the rules of IEEE 754 for zeros and infinities.
fn op(y: T, x: T) -> T {
  if (is_nan_f32(x) || is_nan_f32(y)) { return nan_f32(x); }
  let a = abs(y);
  let b = abs(x);
  let top = max(a, b);
  // A quotient of numbers beyond 2^126 or below 2^-126 need not be right, so both are scaled.
  let s = select(select(1.0, 1e20, top < 1e-18), 1e-20, top > 1e18);
  var q = min(a, b) * s / (top * s);
  if (top == 0.0) { q = 0.0; }
  if (is_inf_f32(top)) { q = select(0.0, 1.0, bitcast<u32>(a) == bitcast<u32>(b)); }
  var t = atan_unit(q);
  if (a > b) { t = 1.5707963267948966 - t; }
  if (bitcast<u32>(x) >= 0x80000000u) { t = 3.141592653589793 - t; }
  return signed_f32(t, y);
}

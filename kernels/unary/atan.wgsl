// Angle in [-pi/2, pi/2] whose tangent is x.
fn op(x: T) -> T {
  if (is_nan_f32(x)) { return x; }
  let a = abs(x);
  let y = atan_unit(select(a, 1.0 / a, a > 1.0));
  return signed_f32(select(y, 1.5707963267948966 - y, a > 1.0), x);
}

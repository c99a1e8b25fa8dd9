// sqrt(a^2 + b^2) without overflow or underflow on the way; infinite if one is.
fn op(a: T, b: T) -> T {
  if (is_inf_f32(a) || is_inf_f32(b)) { return abs(select(b, a, is_inf_f32(a))); }
  let top = max(abs(a), abs(b));
  let large = top > 1e18;
  let small = top < 1e-18;
  let s = select(select(1.0, 1.8446744073709552e19, small), 5.421010862427522e-20, large);
  let back = select(select(1.0, 5.421010862427522e-20, small), 1.8446744073709552e19, large);
  let p = a * s;
  let q = b * s;
  return sqrt(p * p + q * q) * back;
}

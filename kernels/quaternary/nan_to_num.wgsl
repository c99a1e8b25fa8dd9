// x, or what stands for NaN, infinity and minus infinity.
fn op(x: T, nan: T, high: T, low: T) -> T {
  if (is_nan_f32(x)) { return nan; }
  return select(x, select(high, low, bitcast<u32>(x) >= 0x80000000u), is_inf_f32(x));
}

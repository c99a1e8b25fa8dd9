// log(1 / (1 + exp(-x))); NaN stays.
fn op(x: T) -> T {
  let y = min(x, 0.0) - log1p_f32(exp(-abs(x)));
  return select(y, x, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}

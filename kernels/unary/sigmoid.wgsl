// 1 / (1 + exp(-x)); NaN stays.
fn op(x: T) -> T {
  let e = exp(-abs(x));
  let y = select(1.0, e, x < 0.0) / (1.0 + e);
  return select(y, x, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}

// x / 2 (1 + tanh(u / 2)) with u = 2 sqrt(2 / pi) (x + 0.044715 x^3), as x / (1 + exp(-u)): no
// digits are lost far below 0. NaN stays.
fn op(x: T) -> T {
  let u = 1.5957691216057308 * (x + 0.044715 * x * x * x);
  let e = exp(-abs(u));
  let y = x * (select(1.0, e, u < 0.0) / (1.0 + e));
  return select(y, x, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}

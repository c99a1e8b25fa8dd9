// Derivative of the tanh form of GeLU: s + x u' s (1 - s) with s = 1 / (1 + exp(-u)), whose second
// term vanishes far from 0. NaN stays.
fn op(x: T) -> T {
  let u = 1.5957691216057308 * (x + 0.044715 * x * x * x);
  let e = exp(-abs(u));
  let larger = 1.0 / (1.0 + e); // of s and 1 - s
  let bend = 1.5957691216057308 * (1.0 + 0.134145 * x * x);
  let y = select(1.0, e, u < 0.0) * larger + select(0.0, x * bend * (e * larger * larger), e > 0.0);
  return select(y, x, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}

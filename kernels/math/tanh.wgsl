// tanh(|x|) = -e / (e + 2) with e = exp(-2 |x|) - 1, so that small x keep their digits.
fn tanh_f32(x: f32) -> f32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return x; }
  let e = expm1_f32(-2.0 * min(abs(x), 20.0));
  return select(-e / (e + 2.0), e / (e + 2.0), x < 0.0);
}

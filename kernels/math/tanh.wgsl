// tanh(|x|) = -e / (e + 2) with e = exp(-2 |x|) - 1, so that small x keep their digits, and the
// sign of x by its bit, so that zeros keep theirs.
fn tanh_f32(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return x; }
  let e = expm1_f32(-2.0 * min(abs(x), 20.0));
  return bitcast<f32>(bitcast<u32>(abs(e / (e + 2.0))) | (bits & 0x80000000u));
}

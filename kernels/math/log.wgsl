// y = the logarithm of x, put right where some adapters give finite numbers: -infinity at 0, NaN
// below, NaN and infinity as they are. Told by the bits, made at run time.
fn log_ends(x: f32, y: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if (bits - 1u < 0x7f7fffffu) { return y; } // positive and finite
  if ((bits & 0x7fffffffu) == 0u) { return bitcast<f32>(0xff800000u | (bits & 1u)); }
  return select(x, bitcast<f32>(0x7fc00000u | (bits & 1u)), x < 0.0);
}

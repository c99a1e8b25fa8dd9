// y = the logarithm of x, put right where some adapters give finite numbers: -infinity at 0 and at
// what is too small for them to tell from 0, NaN below, NaN and infinity as they are. Told by the
// bits, made at run time.
fn log_ends(x: f32, y: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if (bits - 0x00800000u < 0x7f000000u) { return y; } // positive, finite and not subnormal
  if ((bits & 0x7f800000u) == 0u) { return bitcast<f32>(0xff800000u | (bits & 0x7f800000u)); }
  return select(x, bitcast<f32>(0x7fc00000u | (bits & 1u)), bits > 0x80000000u);
}

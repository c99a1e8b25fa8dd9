// A float towards zero, held to the range of u32; 0 for NaN, told by its bits.
fn op(x: f32) -> u32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return 0u; }
  if (x >= 4294967296.0) { return 4294967295u; }
  return u32(max(x, 0.0));
}

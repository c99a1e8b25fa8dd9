// A float towards zero, held to the range of i32; 0 for NaN, told by its bits.
fn op(x: f32) -> i32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return 0; }
  if (x >= 2147483648.0) { return 2147483647; }
  return i32(max(x, -2147483648.0));
}

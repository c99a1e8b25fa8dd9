// A power of two that brings x to [1, 2), and its inverse if applied twice; 1 for 0, else NaN.
fn op(x: T) -> T {
  let bits = bitcast<u32>(x);
  let exponent = (bits >> 23u) & 0xffu;
  if (exponent == 0u) { return 1.0; }
  if (exponent == 255u) { return bitcast<f32>(bits | 0x00400000u); }
  return bitcast<f32>(clamp(254u - exponent, 1u, 253u) << 23u);
}

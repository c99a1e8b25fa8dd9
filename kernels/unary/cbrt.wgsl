// Cube root, by a power and a step of Newton's; of a subnormal number by its bits, x = bits 2^-149.
fn op(x: T) -> T {
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  if (bits == 0u || bits >= 0x7f800000u) { return x; }
  let a = select(abs(x), 2.0 * f32(bits), bits < 0x00800000u);
  let y = exp2(log2(a) / 3.0);
  let root = y - (y - a / (y * y)) / 3.0;
  return signed_f32(select(root, root * 8.881784197001252e-16, bits < 0x00800000u), x);
}

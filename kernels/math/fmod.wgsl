// Remainder of the division of |a| by |b| towards zero, with the sign of a: exact, by long division
// of the significands, 8 bits at a time. NaN where a is not finite, or b is 0 or NaN.
fn fmod_f32(a: f32, b: f32) -> f32 {
  let x = bitcast<u32>(a) & 0x7fffffffu;
  let y = bitcast<u32>(b) & 0x7fffffffu;
  if (x >= 0x7f800000u || y > 0x7f800000u || y == 0u) {
    return bitcast<f32>(0x7fc00000u | (x & 1u));
  }
  if (x < y) { return a; }
  let low = max(y >> 23u, 1u); // subnormal numbers have the exponent of the smallest normal one
  let divisor = select(y & 0x7fffffu, (y & 0x7fffffu) | 0x800000u, y >= 0x800000u);
  var rest = select(x & 0x7fffffu, (x & 0x7fffffu) | 0x800000u, x >= 0x800000u) % divisor;
  var left = max(x >> 23u, 1u) - low;
  while (left > 0u && rest > 0u) {
    let step = min(left, 8u);
    rest = (rest << step) % divisor;
    left -= step;
  }
  if (rest == 0u) { return bitcast<f32>(bitcast<u32>(a) & 0x80000000u); }
  let shift = min(countLeadingZeros(rest) - 8u, low - 1u);
  let bits = (rest << shift) + ((low - 1u - shift) << 23u);
  return bitcast<f32>((bitcast<u32>(a) & 0x80000000u) | bits);
}

// a to the power of b as IEEE 754 has it: 1 for b = 0 and a = 1, and for a = -1 where b is
// infinite; finite a below 0 only for whole b; the sign of a, also of 0 and infinity, for odd b.
fn op(a: T, b: T) -> T {
  if (b == 0.0 || a == 1.0) { return 1.0; }
  if ((bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u) { return a; } // NaN
  if ((bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u) { return b; }
  let far = (bitcast<u32>(b) & 0x7fffffffu) == 0x7f800000u;
  if (far && a == -1.0) { return 1.0; }
  // adapters are off at 0 and below 2^-126: infinity, made at run time from an exponent of 0, or 0
  let zero = select(bitcast<f32>(0x7f800000u | (bitcast<u32>(a) & 0x7f800000u)), 0.0, b > 0.0);
  let size = select(pow(abs(a), b), zero, abs(a) < 1.1754944e-38);
  if (far || bitcast<u32>(a) < 0x80000000u) { return size; }
  let odd = floor(b) == b && floor(b * 0.5) * 2.0 != b;
  if (floor(b) != b && a < 0.0 && bitcast<u32>(a) != 0xff800000u) {
    return bitcast<f32>(0x7fc00000u | (bitcast<u32>(a) & 1u));
  }
  return select(size, -size, odd);
}

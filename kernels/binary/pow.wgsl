// a to the power of b as IEEE has it: negative a only for whole b; the sign from its parity.
fn op(a: T, b: T) -> T {
  if (b == 0.0 || a == 1.0) { return 1.0; }
  if ((bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u) { return a; } // NaN
  if ((bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u) { return b; }
  let zero = select(1.0 / abs(a), 0.0, b > 0.0); // adapters are off here
  let size = select(pow(abs(a), b), zero, a == 0.0);
  if (a >= 0.0) { return size; }
  if (floor(b) != b) { return bitcast<f32>(0x7fc00000u | (bitcast<u32>(a) & 1u)); }
  return select(size, -size, floor(b * 0.5) * 2.0 != b);
}

// A word that orders as the element does: kind 0 u32, 1 i32, 2 f32 with -0 as 0. NaN comes last
// in both directions; told by the bits.
fn key(bits: u32, kind: u32, descending: u32) -> u32 {
  var k = bits;
  if (kind == 1u) { k = bits ^ 0x80000000u; }
  if (kind == 2u) {
    if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; }
    k = select(bits | 0x80000000u, ~bits, bits > 0x80000000u);
  }
  return select(k, ~k, descending == 1u);
}

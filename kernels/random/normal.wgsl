// Standard normal number by Box and Muller: elements 2j and 2j + 1 from random words 2j and 2j + 1.
fn op(i: u32, key0: T, key1: T, stream0: T, stream1: T) -> f32 {
  let words = philox(vec4<u32>(i / 4u, 0u, stream0, stream1), vec2<u32>(key0, key1));
  let pair = select(words.xy, words.zw, (i & 2u) != 0u);
  // (0, 1], so that the logarithm is finite
  let radius = sqrt(-2.0 * log(f32((pair.x >> 8u) + 1u) * 0x1p-24));
  let turn = f32(pair.y >> 8u) * 0x1p-24;
  let angle = sincos_turns(turn);
  return radius * select(angle.y, angle.x, (i & 1u) != 0u);
}

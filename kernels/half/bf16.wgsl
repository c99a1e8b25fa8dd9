// Two bfloat16 numbers, the upper halves of float32, in a word; the first in the low half.
fn bf16_load(word: u32) -> vec2<f32> {
  return bitcast<vec2<f32>>(vec2<u32>(word << 16u, word & 0xffff0000u));
}

// Nearest numbers, halves to the even one; NaN stays.
fn bf16_store(x: vec2<f32>) -> u32 {
  let bits = bitcast<vec2<u32>>(x);
  let near = bits + vec2<u32>(0x7fffu) + ((bits >> vec2<u32>(16u)) & vec2<u32>(1u));
  let nan = (bits & vec2<u32>(0x7fffffffu)) > vec2<u32>(0x7f800000u);
  let half = select(near, bits | vec2<u32>(0x400000u), nan) >> vec2<u32>(16u);
  return half.x | (half.y << 16u);
}

fn bf16_at(word: u32, at: u32) -> f32 {
  let pair = bf16_load(word);
  return select(pair.x, pair.y, (at & 1u) == 1u);
}

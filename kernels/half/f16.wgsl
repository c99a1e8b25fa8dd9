// Two IEEE 754 binary16 numbers in a word, the first in the low half, told and made by their bits:
// what the built-in functions give beyond the range is up to the adapter.
fn f16_load(word: u32) -> vec2<f32> {
  let half = vec2<u32>(word & 0xffffu, word >> 16u);
  let size = half & vec2<u32>(0x7fffu);
  let normal = (size << vec2<u32>(13u)) + vec2<u32>(0x38000000u);
  let tiny = bitcast<vec2<u32>>(vec2<f32>(size) * 0x1p-24);
  let top = normal + vec2<u32>(0x38000000u); // infinity and NaN
  let bits = select(select(normal, top, size >= vec2<u32>(0x7c00u)), tiny,
    size < vec2<u32>(0x400u));
  return bitcast<vec2<f32>>(((half ^ size) << vec2<u32>(16u)) | bits);
}

// Nearest numbers, halves to the even one; infinity from 65520 on; NaN stays.
fn f16_store(x: vec2<f32>) -> u32 {
  let bits = bitcast<vec2<u32>>(x);
  let size = bits & vec2<u32>(0x7fffffffu);
  let cut = size >> vec2<u32>(13u);
  let normal = (size - vec2<u32>(0x37fff001u) + (cut & vec2<u32>(1u))) >> vec2<u32>(13u);
  let low = bitcast<vec2<f32>>(min(size, vec2<u32>(0x38800000u)));
  let tiny = vec2<u32>(round(low * 0x1p24));
  let nan = vec2<u32>(0x7e00u) | (cut & vec2<u32>(0x3ffu));
  let top = select(vec2<u32>(0x7c00u), nan, size > vec2<u32>(0x7f800000u));
  let half = select(select(normal, top, size >= vec2<u32>(0x47800000u)), tiny,
    size < vec2<u32>(0x38800000u)) | ((bits ^ size) >> vec2<u32>(16u));
  return half.x | (half.y << 16u);
}

fn f16_at(word: u32, at: u32) -> f32 {
  let pair = f16_load(word);
  return select(pair.x, pair.y, (at & 1u) == 1u);
}

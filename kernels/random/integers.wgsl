// Whole number from low on: the upper word of range times random word i.
fn op(i: u32, key0: T, key1: T, stream0: T, stream1: T, low: T, range: T) -> i32 {
  let words = philox(vec4<u32>(i / 4u, 0u, stream0, stream1), vec2<u32>(key0, key1));
  return bitcast<i32>(low + mul_hi(words[i % 4u], range));
}

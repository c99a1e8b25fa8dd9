// Uniform number in [0, 1): the upper bits of random word i, so exact on every host. `drop` of 32
// bits are left out, and `step`, the bits of a float, is what one of the others stands for.
fn op(i: u32, key0: T, key1: T, stream0: T, stream1: T, drop: T, step: T) -> f32 {
  let words = philox(vec4<u32>(i / 4u, 0u, stream0, stream1), vec2<u32>(key0, key1));
  return f32(words[i % 4u] >> drop) * bitcast<f32>(step);
}

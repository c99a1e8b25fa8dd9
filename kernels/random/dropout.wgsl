// x times a factor, or 0 where random word i is below a threshold.
fn op(i: u32, x: f32, key0: T, key1: T, stream0: T, stream1: T, threshold: T, factor: T) -> f32 {
  let words = philox(vec4<u32>(i / 4u, 0u, stream0, stream1), vec2<u32>(key0, key1));
  return select(0.0, x * bitcast<f32>(factor), words[i % 4u] >= threshold);
}

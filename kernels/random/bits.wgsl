// Random word i of a stream: word i % 4 of block i / 4.
fn op(i: u32, key0: T, key1: T, stream0: T, stream1: T) -> u32 {
  return philox(vec4<u32>(i / 4u, 0u, stream0, stream1), vec2<u32>(key0, key1))[i % 4u];
}

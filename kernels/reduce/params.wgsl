// Bindings and parameters of the reductions.
struct Params {
  outer: u32, length: u32, inner: u32, chunks: u32,
  chunk: u32, offset: u32, zero: u32, count: f32,
}
@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<uniform> p: Params;

// For the epilogue of a result that is one matrix: where that is in a batch.
const ONLY = vec4<u32>(1u, 0u, 0u, 0u);

fn sum4(v: vec4<u32>) -> u32 { return v.x + v.y + v.z + v.w; }

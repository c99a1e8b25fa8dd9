// The input of a pass, where that is in memory.
@group(0) @binding(0) var<storage, read> x: array<X>;

fn source(at: u32) -> X { return x[at]; }

// Rows element by element: a pack is one of them. As pack.vec4.wgsl.
alias V = f32;
alias U = u32;
alias B = bool;
const PACK = 1u;
fn total(v: V) -> f32 { return v; }
fn largest(v: V) -> f32 { return v; }
fn pick(v: V, k: u32) -> f32 { return v; }
fn places(i: u32) -> U { return i; }

// Rows in packs of four neighbours: for widths and offsets that are multiples of it.
alias V = vec4<f32>;
alias U = vec4<u32>;
alias B = vec4<bool>;
const PACK = 4u;
fn total(v: V) -> f32 { return (v.x + v.y) + (v.z + v.w); }
fn largest(v: V) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
fn pick(v: V, k: u32) -> f32 { return v[k]; }
// Where in its row the elements of a pack are.
fn places(i: u32) -> U { return 4u * i + U(0u, 1u, 2u, 3u); }

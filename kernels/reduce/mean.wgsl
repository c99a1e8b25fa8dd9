// Mean of the elements; 0 / 0 of an empty list.
alias A = f32;
fn identity() -> A { return 0.0; }
fn lift(x: T, k: u32) -> A { return f32(x); }
fn merge(a: A, b: A) -> A { return a + b; }
fn finish(a: A) -> R { return a / p.count; }

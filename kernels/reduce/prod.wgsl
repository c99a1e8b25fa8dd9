// Product of the elements.
alias A = T;
fn identity() -> A { return T(1); }
fn lift(x: T, k: u32) -> A { return x; }
fn merge(a: A, b: A) -> A { return a * b; }
fn finish(a: A) -> R { return a; }

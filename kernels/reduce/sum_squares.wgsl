// Sum of the squared elements.
alias A = T;
fn identity() -> A { return T(0); }
fn lift(x: T, k: u32) -> A { return x * x; }
fn merge(a: A, b: A) -> A { return a + b; }
fn finish(a: A) -> R { return a; }

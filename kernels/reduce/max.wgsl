// Largest element; NaN if there is one.
alias A = T;
fn identity() -> A { return lowest(); }
fn lift(x: T, k: u32) -> A { return x; }
fn merge(a: A, b: A) -> A { return select(b, a, wins_max(a, b)); }
fn finish(a: A) -> R { return a; }

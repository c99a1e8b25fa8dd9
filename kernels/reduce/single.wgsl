// The sum of one column.
alias S = A;
fn none() -> S { return identity(); }
fn take(a: S, at: u32, k: u32) -> S { return merge(a, load(at, k)); }
fn join(a: S, b: S) -> S { return merge(a, b); }
fn put(i: u32, a: S) { y[i] = result(i, a); }

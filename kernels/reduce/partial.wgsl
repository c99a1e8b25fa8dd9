// A pass whose results are merged by another.
alias Y = A;
fn result(at: u32, a: A) -> A { return a; }

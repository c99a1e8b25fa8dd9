// A pass whose results are merged by another.
alias Y = A;
fn result(a: A) -> A { return a; }

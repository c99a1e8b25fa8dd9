// A pass whose results are final: `at` is the index of one.
alias Y = R;
fn result(at: u32, a: A) -> R { return finish(a); }

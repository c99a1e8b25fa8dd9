// A pass whose results are final.
alias Y = R;
fn result(a: A) -> R { return finish(a); }

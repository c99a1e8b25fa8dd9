// A pass whose results are final, seen as [outer, inner], and go through an epilogue. ACROSS
// columns are counted as one.
alias Y = R;
fn result(at: u32, a: A) -> R {
  let inner = ACROSS * p.inner;
  return epilogue(ONLY, at / inner, at % inner, at, finish(a));
}

// Second pass: partial results are accumulators already.
alias X = A;
fn load(at: u32, k: u32) -> A { return source(at); }

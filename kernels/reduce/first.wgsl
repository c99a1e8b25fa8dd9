// First pass: elements enter as accumulators.
alias X = T;
fn load(at: u32, k: u32) -> A { return lift(source(at), k); }

// Logarithm to base 2.
fn op(x: T) -> T { return log_ends(x, log2(x)); }

// Logarithm to base 2.
fn op(x: T) -> T { return log2(x); }

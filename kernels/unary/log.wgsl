// Natural logarithm.
fn op(x: T) -> T { return log_ends(x, log(x)); }

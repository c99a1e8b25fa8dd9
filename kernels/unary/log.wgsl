// Natural logarithm.
fn op(x: T) -> T { return log(x); }

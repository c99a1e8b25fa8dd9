// Logarithm to base 10.
fn op(x: T) -> T { return log_ends(x, log(x) * 0.4342944819032518); }

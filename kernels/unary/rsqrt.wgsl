// 1 over the square root.
fn op(x: T) -> T { return 1.0 / sqrt(x); }

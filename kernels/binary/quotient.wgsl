// a / b, and 0 where b is 0.
fn op(a: T, b: T) -> T { return select(a / b, 0.0, b == 0.0); }

// Absolute value.
fn op(x: T) -> T { return abs(x); }

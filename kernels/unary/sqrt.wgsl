// Square root.
fn op(x: T) -> T { return sqrt(x); }

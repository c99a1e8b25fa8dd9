// The element itself.
fn op(x: T) -> T { return x; }

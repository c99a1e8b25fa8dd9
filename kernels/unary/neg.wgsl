// Negative of the element.
fn op(x: T) -> T { return -x; }

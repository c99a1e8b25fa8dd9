// Square of the element.
fn op(x: T) -> T { return x * x; }

// 1 over the element.
fn op(x: T) -> T { return 1.0 / x; }

// Sum of two elements.
fn op(a: T, b: T) -> T { return a + b; }

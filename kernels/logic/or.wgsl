// Bits that one element has, or both.
fn op(a: T, b: T) -> T { return a | b; }

// Bits that one element has and the other has not.
fn op(a: T, b: T) -> T { return a ^ b; }

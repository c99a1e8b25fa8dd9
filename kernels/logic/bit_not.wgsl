// Bits that the element has not.
fn op(a: T) -> T { return ~a; }

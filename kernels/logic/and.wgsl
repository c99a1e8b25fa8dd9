// Bits that both elements have.
fn op(a: T, b: T) -> T { return a & b; }

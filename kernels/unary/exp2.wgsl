// 2 to the power of x.
fn op(x: T) -> T { return exp2(x); }

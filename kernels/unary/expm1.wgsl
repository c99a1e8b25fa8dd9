// exp(x) - 1.
fn op(x: T) -> T { return expm1_f32(x); }

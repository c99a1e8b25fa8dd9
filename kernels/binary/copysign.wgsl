// Size of the first with the sign of the second.
fn op(a: T, b: T) -> T { return signed_f32(a, b); }

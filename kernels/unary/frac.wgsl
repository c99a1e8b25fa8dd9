// x without its whole part; the sign stays.
fn op(x: T) -> T { return signed_f32(x - trunc(x), x); }

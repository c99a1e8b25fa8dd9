// log(1 + x).
fn op(x: T) -> T { return log1p_f32(x); }

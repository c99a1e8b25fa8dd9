// log(1 + x).
fn op(x: T) -> T { return log_ends(1.0 + x, log1p_f32(x)); }

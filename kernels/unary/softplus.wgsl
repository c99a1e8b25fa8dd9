// log(1 + exp(x)).
fn op(x: T) -> T { return max(x, 0.0) + log1p_f32(exp(-abs(x))); }

// Gauss error function.
fn op(x: T) -> T { return erf_f32(x); }

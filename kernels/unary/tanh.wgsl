// Hyperbolic tangent.
fn op(x: T) -> T { return tanh_f32(x); }

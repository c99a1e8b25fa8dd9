// Sine.
fn op(x: T) -> T { return sincos(x).x; }

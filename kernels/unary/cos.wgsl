// Cosine.
fn op(x: T) -> T { return sincos(x).y; }

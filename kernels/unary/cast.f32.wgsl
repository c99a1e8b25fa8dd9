// Conversion to f32.
fn op(x: T) -> f32 { return f32(x); }

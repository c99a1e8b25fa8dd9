// The epilogue that leaves the result as it is.
fn epilogue(x: f32) -> f32 { return x; }

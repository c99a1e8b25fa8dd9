// Conversion to u32, towards zero.
fn op(x: T) -> u32 { return u32(x); }

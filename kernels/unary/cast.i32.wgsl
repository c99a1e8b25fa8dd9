// Conversion to i32, towards zero.
fn op(x: T) -> i32 { return i32(x); }

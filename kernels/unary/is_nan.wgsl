// Whether x is NaN.
fn op(x: T) -> u32 { return u32(is_nan_f32(x)); }

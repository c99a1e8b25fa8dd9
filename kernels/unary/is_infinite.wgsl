// Whether x is infinite.
fn op(x: T) -> u32 { return u32(is_inf_f32(x)); }

// Larger of x and 0; NaN stays.
fn op(x: T) -> T { return select(max(x, 0.0), x, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u); }

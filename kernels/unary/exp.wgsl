// e to the power of x; NaN stays.
fn op(x: T) -> T { return select(exp(x), x, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u); }

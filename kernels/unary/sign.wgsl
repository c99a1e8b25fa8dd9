// -1, 0 or 1 by the sign of x; NaN stays.
fn op(x: T) -> T { return select(sign(x), x, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u); }

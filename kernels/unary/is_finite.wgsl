// Whether x is neither infinite nor NaN.
fn op(x: T) -> u32 { return u32((bitcast<u32>(x) & 0x7fffffffu) < 0x7f800000u); }

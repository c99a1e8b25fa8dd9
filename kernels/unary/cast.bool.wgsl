// 0 where the element is zero, else 1; written by ==, which is false for NaN.
fn op(x: T) -> u32 { return 1u - u32(x == T(0)); }

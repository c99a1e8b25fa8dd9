// 1 where the element is not zero, else 0.
fn op(x: T) -> u32 { return u32(x != T(0)); }

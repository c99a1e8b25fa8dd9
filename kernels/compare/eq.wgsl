// 1 where the first element is equal, else 0.
fn op(a: T, b: T) -> u32 { return u32(a == b); }

// 1 where the first element is different, else 0. Written by ==, which is false for NaN: != is too
// where compilers take the ordered comparison.
fn op(a: T, b: T) -> u32 { return 1u - u32(a == b); }

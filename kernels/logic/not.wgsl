// False where the element is true.
fn op(a: u32) -> u32 { return 1u - a; }

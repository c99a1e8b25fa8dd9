// Bits moved down by n places, the sign bit of i32 repeated; n below 0 or above 31 moves all out.
fn op(a: T, n: T) -> T { return (a >> min(u32(n), 31u)) >> select(0u, 1u, u32(n) > 31u); }

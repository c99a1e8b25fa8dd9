// Bits moved up by n places; 0 for n below 0 or above 31.
fn op(a: T, n: T) -> T { return select(T(0), a << (u32(n) & 31u), u32(n) < 32u); }

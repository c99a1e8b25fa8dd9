// a where the condition holds, else b.
fn op(condition: u32, a: T, b: T) -> T { return select(b, a, condition != 0u); }

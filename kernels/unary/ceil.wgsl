// Smallest whole number not below x.
fn op(x: T) -> T { return ceil(x); }

// Nearest whole number, halves to the even one.
fn op(x: T) -> T { return round(x); }

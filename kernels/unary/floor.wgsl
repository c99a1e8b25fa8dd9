// Largest whole number not above x.
fn op(x: T) -> T { return floor(x); }

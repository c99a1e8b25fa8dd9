// x without its fraction.
fn op(x: T) -> T { return trunc(x); }

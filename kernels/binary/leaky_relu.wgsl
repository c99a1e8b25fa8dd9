// x above 0, else slope x.
fn op(x: T, slope: T) -> T { return select(slope * x, x, x > 0.0); }

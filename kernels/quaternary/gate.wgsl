// dy where low < x < high, else 0.
fn op(dy: T, x: T, low: T, high: T) -> T { return select(0.0, dy, x > low && x < high); }

// 1 where x is above 0, else 0: the slope of relu.
fn op(x: T) -> T { return select(0.0, 1.0, x > 0.0); }

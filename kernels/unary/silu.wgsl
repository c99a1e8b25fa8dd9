// x / (1 + exp(-x)).
fn op(x: T) -> T { let e = exp(-abs(x)); return x * (select(1.0, e, x < 0.0) / (1.0 + e)); }

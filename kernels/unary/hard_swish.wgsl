// x times x / 6 + 1/2 held within [0, 1].
fn op(x: T) -> T { return x * clamp(x * 0.16666666666666666 + 0.5, 0.0, 1.0); }

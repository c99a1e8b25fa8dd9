// Tangent.
fn op(x: T) -> T { let sc = sincos(x); return sc.x / sc.y; }

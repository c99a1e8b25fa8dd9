// A step of descent: the old weight kept by a share, minus a multiple of the direction.
fn op(w: T, t: T, share: T, rate: T) -> T { return share * w - rate * t; }

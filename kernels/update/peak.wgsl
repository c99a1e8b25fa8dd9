// The larger of a peak and a new value.
fn op(peak: T, x: T) -> T { return max(peak, x); }

// The larger of a peak and a new value; the peak itself where the step is refused.
fn op(peak: T, x: T, refused: T) -> T { return select(max(peak, x), peak, refused != 0.0); }

// a + w (b - a), from the nearer end: exact at w = 0 and w = 1.
fn op(a: T, b: T, w: T) -> T {
  return select(a + w * (b - a), b - (1.0 - w) * (b - a), w >= 0.5);
}

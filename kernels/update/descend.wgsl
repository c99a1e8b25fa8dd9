// A step of descent: the old weight kept by a share, minus a multiple of the direction; the weight
// itself where the step is refused.
fn op(w: T, t: T, share: T, rate: T, refused: T) -> T {
  return select(share * w - rate * t, w, refused != 0.0);
}

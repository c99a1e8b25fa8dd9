// Root of a sum of squares, sqrt(keep s^2 + gain g^2), from the root s before; lose is 1 - keep.
// No square leaves the range of T, whatever the scale of s and g. A refused step leaves s.
fn op(s: T, g: T, keep: T, gain: T, lose: T, refused: T) -> T {
  if (refused != 0.0) { return s; }
  let size = abs(g);
  let top = max(s, size);
  if (top == 0.0) { return 0.0; }
  let a = s / top;
  let b = size / top;
  let root = sqrt(keep * a * a + gain * b * b);
  if (abs(root - a) > 0.25 * a) { return top * root; }
  // Near s, as s plus a small change: the error of root would add up over 1 / gain steps.
  return s + top * ((gain * b * b - lose * a * a) / (root + a));
}

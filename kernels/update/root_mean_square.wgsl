// Root of the average of squares, sqrt(beta s^2 + rest g^2), from the root s before; rest is
// 1 - beta. No square leaves the range of T, whatever the scale of s and g.
fn op(s: T, g: T, beta: T, rest: T) -> T {
  let size = abs(g);
  let top = max(s, size);
  if (top == 0.0) { return 0.0; }
  let a = s / top;
  let b = size / top;
  let root = top * sqrt(beta * a * a + rest * b * b);
  if (abs(root - s) > 0.25 * s) { return root; }
  // Near s, as s plus a small change: the error of root would add up over 1 / rest steps.
  return s + rest * (size - s) * ((size + s) / (root + s));
}

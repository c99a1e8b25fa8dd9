// Whole part, downwards, of the quotient of a and b; 0 for b = 0.
fn op(a: T, b: T) -> T {
  if (b == 0) { return T(0); }
  let whole = a / b;
  return select(whole, whole - 1, (a % b) != 0 && ((a < 0) != (b < 0)));
}

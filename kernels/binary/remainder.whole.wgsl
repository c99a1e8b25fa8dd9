// What is left of a after division by b downwards: it has the sign of b; 0 for b = 0.
fn op(a: T, b: T) -> T {
  if (b == 0) { return T(0); }
  let rest = a % b;
  return select(rest, rest + b, rest != 0 && ((rest < 0) != (b < 0)));
}

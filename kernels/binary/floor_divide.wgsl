// Whole part, downwards, of the quotient of a and b.
fn op(a: T, b: T) -> T {
  if (b == 0.0) { return a / b; }
  let rest = fmod_f32(a, b);
  let whole = round((a - rest) / b);
  return select(whole, whole - 1.0, rest != 0.0 && ((rest < 0.0) != (b < 0.0)));
}

// What is left of a after division by b downwards: it has the sign of b.
fn op(a: T, b: T) -> T {
  let rest = fmod_f32(a, b);
  return select(rest, rest + b, rest != 0.0 && ((rest < 0.0) != (b < 0.0)));
}

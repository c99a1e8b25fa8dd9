// Adam's direction m a / (s b + eps), from the averages m and s and their bias corrections a and b.
// 0 where the divisor is 0: no gradient has been seen there.
fn op(m: T, s: T, a: T, b: T, eps: T) -> T {
  let divisor = s * b + eps;
  if (divisor == 0.0) { return 0.0; }
  return m * a / divisor;
}

// -(weight t log(s) + (1 - t) log(1 - s)) with s = 1 / (1 + exp(-x)): nothing cancels, and a log
// with the factor 0 does not count.
fn op(x: T, t: T, weight: T) -> T {
  if (is_nan_f32(x)) { return x; }
  let rest = log1p_f32(exp(-abs(x)));
  let hit = select(weight * t * (max(-x, 0.0) + rest), 0.0, weight * t == 0.0);
  return hit + select((1.0 - t) * (max(x, 0.0) + rest), 0.0, t == 1.0);
}

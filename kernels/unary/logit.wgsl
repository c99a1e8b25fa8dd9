// log(x / (1 - x)); near 1/2, where it is small, by way of log(1 + y).
fn op(x: T) -> T {
  let q = x / (1.0 - x);
  let middle = abs(x - 0.5) < 0.15;
  let t = 2.0 * x - 1.0;
  return select(log_ends(q, log(q)), log1p_f32(2.0 * t / (1.0 - t)), middle);
}

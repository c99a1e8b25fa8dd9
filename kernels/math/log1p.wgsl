// log(1 + x) to rounding, also for small x: 2 artanh(x / (2 + x)) as a series, whose rest is below
// 1e-8 of it on [-0.5, 0.5]. (Kahan's form needs (1 + x) - 1, which compilers fold to x.)
fn log1p_f32(x: f32) -> f32 {
  if (!(abs(x) <= 0.5)) { return log(1.0 + x); }
  let s = x / (2.0 + x);
  let z = s * s;
  let tail = z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0
    + z * (1.0 / 13.0 + z * (1.0 / 15.0)))))));
  return 2.0 * s * (1.0 + tail);
}

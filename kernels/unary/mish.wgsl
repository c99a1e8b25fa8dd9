// x tanh(log(1 + exp(x))) = x n / (n + 2) with n = e (e + 2) and e = exp(x).
fn op(x: T) -> T {
  if (is_nan_f32(x)) { return x; }
  let e = exp(min(x, 20.0));
  let n = e * (e + 2.0);
  return x * (n / (n + 2.0));
}

// log(exp(a) + exp(b)) without overflow.
fn op(a: T, b: T) -> T {
  if (is_nan_f32(a)) { return a; }
  if (is_nan_f32(b)) { return b; }
  let top = max(a, b);
  if (is_inf_f32(top)) { return top; }
  return top + log1p_f32(exp(-abs(a - b)));
}

// top sum^(1 / p); 0 where top is 0.
fn op(sum: T, top: T, p: T) -> T {
  if (is_nan_f32(top)) { return top; }
  return select(top * pow(sum, 1.0 / p), 0.0, top == 0.0);
}

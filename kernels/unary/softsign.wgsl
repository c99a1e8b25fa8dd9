// x / (1 + |x|).
fn op(x: T) -> T {
  return select(x / (1.0 + abs(x)), signed_f32(1.0, x), is_inf_f32(x));
}

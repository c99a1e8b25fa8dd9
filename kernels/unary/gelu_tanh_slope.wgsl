// Derivative of the tanh form of GeLU.
fn op(x: T) -> T {
  let t = tanh_f32(0.7978845608028654 * (x + 0.044715 * x * x * x));
  let inner = 0.7978845608028654 * (1.0 + 0.134145 * x * x);
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner;
}

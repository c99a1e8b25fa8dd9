// Inverse of the Gauss error function: the single precision fits of Giles, "Approximating the
// erfinv function" (2010), table 5.
fn op(x: T) -> T {
  let a = abs(x);
  if (is_nan_f32(x) || a > 1.0) { return nan_f32(x); }
  if (a == 1.0) { return bitcast<f32>(bitcast<u32>(x) | 0x7f800000u); }
  var w = -log((1.0 - x) * (1.0 + x));
  if (w < 5.0) {
    w -= 2.5;
    return x * (1.50140941 + w * (0.246640727 + w * (-0.00417768164 + w * (-0.00125372503
      + w * (0.00021858087 + w * (-4.39150654e-6 + w * (-3.5233877e-6 + w * (3.43273939e-7
      + w * 2.81022636e-8))))))));
  }
  w = sqrt(w) - 3.0;
  return x * (2.83297682 + w * (1.00167406 + w * (0.00943887047 + w * (-0.0076224613
    + w * (0.00573950773 + w * (-0.00367342844 + w * (0.00134934322 + w * (0.000100950558
    + w * -0.000200214257))))))));
}

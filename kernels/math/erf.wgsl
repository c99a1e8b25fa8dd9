// erf(x), |error| < 3e-7. Below 1 the Taylor series (Abramowitz and Stegun 7.1.5), above the
// Chebyshev fit of Numerical Recipes, section 6.2 (erfc to a relative 1.2e-7).
fn erf_f32(x: f32) -> f32 {
  let z = abs(x);
  if (z < 1.0) {
    let s = x * x;
    let sum = 1.0 + s * (-1.0 / 3.0 + s * (1.0 / 10.0 + s * (-1.0 / 42.0 + s * (1.0 / 216.0
      + s * (-1.0 / 1320.0 + s * (1.0 / 9360.0 + s * (-1.0 / 75600.0 + s * (1.0 / 685440.0
      + s * (-1.0 / 6894720.0)))))))));
    return 1.1283791670955126 * x * sum;
  }
  if (!(z < 4.0)) { return select(sign(x), x, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u); }
  return sign(x) * (1.0 - erfc_tail(z));
}

// erfc(z) for z >= 1. The square is split, so that its rounding does not grow in the exponent.
fn erfc_tail(z: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.5 * z);
  let head = bitcast<f32>(bitcast<u32>(z) & 0xfffff000u);
  let fit = (head - z) * (head + z) - 1.26551223 + t * (1.00002368 + t * (0.37409196
    + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807 + t * (-1.13520398
    + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  return t * exp(-head * head) * exp(fit);
}

// 1 - erf(x), with digits of its own where it is small.
fn erfc_f32(x: f32) -> f32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return x; }
  if (abs(x) < 1.0) { return 1.0 - erf_f32(x); }
  let tail = erfc_tail(min(abs(x), 20.0));
  return select(tail, 2.0 - tail, x < 0.0);
}

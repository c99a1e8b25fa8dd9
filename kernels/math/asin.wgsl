// asin(x) for |x| <= 0.5, to rounding: the minimax polynomial of Cephes asinf.
fn asin_half(x: f32) -> f32 {
  let z = x * x;
  return x + x * z * (1.6666752422e-1 + z * (7.4953002686e-2 + z * (4.5470025998e-2
    + z * (2.4181311049e-2 + z * 4.2163199048e-2))));
}
// acos(a) for 0.5 <= a <= 1: twice the arcsine of half the chord, which keeps its digits near 1.
fn acos_end(a: f32) -> f32 { return 2.0 * asin_half(sqrt(0.5 * (1.0 - a))); }

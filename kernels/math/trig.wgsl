// Sine and cosine of x radians, |error| < 2e-7 for |x| < 1e4: the built-in ones may be off by 5e-4.
// x is reduced by whole quarter turns (pi/2 in three parts, Cody and Waite), then minimax
// polynomials of Cephes sinf and cosf on [-pi/4, pi/4].
fn sincos_quarter(r: f32, quarter: i32) -> vec2<f32> {
  let z = r * r;
  let s = r + r * z * (-1.6666654611e-1 + z * (8.3321608736e-3 - z * 1.9515295891e-4));
  let c = 1.0 - 0.5 * z
    + z * z * (4.166664568298827e-2 + z * (-1.388731625493765e-3 + z * 2.443315711809948e-5));
  switch (quarter & 3) {
    case 0: { return vec2<f32>(s, c); }
    case 1: { return vec2<f32>(c, -s); }
    case 2: { return vec2<f32>(-s, -c); }
    default: { return vec2<f32>(-c, s); }
  }
}

fn sincos(x: f32) -> vec2<f32> {
  let quarter = round(x * 0.6366197723675814);
  // 8, 11 and 24 bits of pi/2: the first two products are exact for |quarter| < 2^13
  let r = ((x - quarter * 1.5703125) - quarter * 4.837512969970703e-4)
    - quarter * 7.549789948768648e-8;
  return sincos_quarter(r, i32(quarter));
}

// The same for an angle in whole turns.
fn sincos_turns(turn: f32) -> vec2<f32> {
  let quarter = round(turn * 4.0);
  return sincos_quarter((turn * 4.0 - quarter) * 1.5707963267948966, i32(quarter));
}

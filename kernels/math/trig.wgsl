// Sine and cosine of x radians, |error| < 2e-7 for every x: the built-in ones may be off by 5e-4.
// x is reduced by whole quarter turns (below 8192 by pi/2 in three parts, Cody and Waite), then
// minimax polynomials of Cephes sinf and cosf on [-pi/4, pi/4].
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
  if (abs(x) < 2e-4) { return vec2<f32>(x, 1.0); }
  if (!(abs(x) < 8192.0)) { return sincos_far(bitcast<u32>(x)); }
  let quarter = round(x * 0.6366197723675814);
  // 8, 11 and 24 bits of pi/2: the first two products are exact for |quarter| < 2^13
  let r = ((x - quarter * 1.5703125) - quarter * 4.837512969970703e-4)
    - quarter * 7.549789948768648e-8;
  return sincos_quarter(r, i32(quarter));
}

// The upper word of the product of m < 2^24 and g.
fn product_high(m: u32, g: u32) -> u32 {
  let p1 = (m & 0xffffu) * (g >> 16u);
  let p2 = (m >> 16u) * (g & 0xffffu);
  let low = (((m & 0xffffu) * (g & 0xffffu)) >> 16u) + (p1 & 0xffffu) + (p2 & 0xffffu);
  return (m >> 16u) * (g >> 16u) + (p1 >> 16u) + (p2 >> 16u) + (low >> 16u);
}

// The same for a large angle given by its bits (Payne and Hanek): the 24 bits of its mantissa times
// those 64 bits of 2/pi that make up quarter turns and their fraction. NaN for what is not finite.
fn sincos_far(bits: u32) -> vec2<f32> {
  let power = (bits >> 23u) & 255u;
  if (power == 255u) { return vec2<f32>(bitcast<f32>(bits | 0x7fc00000u)); }
  var digits = array<u32, 8>(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u,
    0x3c439041u, 0xfe5163abu);
  let word = (power - 120u) >> 5u;
  let bit = (power - 120u) & 31u;
  let next = digits[word + 1u];
  let g0 = (digits[word] << bit) | ((next >> 1u) >> (31u - bit));
  let g1 = (next << bit) | ((digits[word + 2u] >> 1u) >> (31u - bit));
  let m = (bits & 0x7fffffu) | 0x800000u;
  let turns = m * g0 + product_high(m, g1); // two bits of quarters, then of their fraction
  let rest = bitcast<i32>((turns << 2u) | ((m * g1) >> 30u)); // in units of 2^-32
  let quarter = (turns >> 30u) + select(0u, 1u, rest < 0);
  let y = sincos_quarter(f32(rest) * 3.6572951981e-10, i32(quarter & 3u)); // pi/2 2^-32
  return vec2<f32>(select(y.x, -y.x, bits >= 0x80000000u), y.y);
}

// The same for an angle in whole turns.
fn sincos_turns(turn: f32) -> vec2<f32> {
  let quarter = round(turn * 4.0);
  return sincos_quarter((turn * 4.0 - quarter) * 1.5707963267948966, i32(quarter));
}

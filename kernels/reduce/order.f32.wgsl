// Order of floats with NaN above all when looking for the largest and below all for the smallest.
// NaN is told by its bits, infinity is made at run time: compilers refuse or fold the plain forms.
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn from_bits(bits: u32) -> f32 { return bitcast<f32>(bits); }
fn lowest() -> f32 { return from_bits(0xff800000u + p.zero); }
fn highest() -> f32 { return from_bits(0x7f800000u + p.zero); }
fn wins_max(a: f32, b: f32) -> bool { return is_nan(a) || (a >= b && !is_nan(b)); }
fn wins_min(a: f32, b: f32) -> bool { return is_nan(a) || (a <= b && !is_nan(b)); }

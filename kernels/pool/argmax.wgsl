// y[plane, o] = the place h width + w in its window of the largest of x[plane, h, w], the first of
// equals and of NaNs; -1 if the window has none. A window of an axis begins at o mul / div - before
// and has `taps` elements; where taps is 0, it ends where the next one would begin, rounded up.
struct Axis { size: u32, out: u32, taps: u32, mul: u32, div: u32, dilation: u32, before: u32,
  pad: u32 }
struct Params { threads: u32, x_at: u32, pad_a: u32, pad_b: u32, high: Axis, wide: Axis }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<i32>;
@group(0) @binding(2) var<uniform> p: Params;

fn taps_of(axis: Axis, o: u32) -> u32 {
  if (axis.taps > 0u) { return axis.taps; }
  return ((o + 1u) * axis.mul + axis.div - 1u) / axis.div - o * axis.mul / axis.div;
}

fn item(i: u32) {
  let v = i % p.wide.out;
  let u = i / p.wide.out % p.high.out;
  let plane = p.x_at + i / (p.wide.out * p.high.out) * p.high.size * p.wide.size;
  let top = u * p.high.mul / p.high.div;
  let left = v * p.wide.mul / p.wide.div;
  let lines = taps_of(p.high, u);
  let spots = taps_of(p.wide, v);
  var best = -1;
  var most = 0.0;
  for (var k = 0u; k < lines; k++) {
    let h = top + k * p.high.dilation - p.high.before; // wraps above every size where it is outside
    if (h >= p.high.size) { continue; }
    for (var l = 0u; l < spots; l++) {
      let w = left + l * p.wide.dilation - p.wide.before;
      if (w >= p.wide.size) { continue; }
      let value = x[plane + h * p.wide.size + w];
      let more = best < 0 || (!is_nan_f32(most) && (is_nan_f32(value) || value > most));
      if (more) {
        best = i32(h * p.wide.size + w);
        most = value;
      }
    }
  }
  y[i] = best;
}

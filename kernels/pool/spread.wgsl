// x[plane, h, w] = sum of y[plane, o] over the windows o whose index is h width + w, in order: the
// adjoint of pick. Only windows that can hold the place are looked at.
struct Axis { size: u32, out: u32, taps: u32, mul: u32, div: u32, dilation: u32, before: u32,
  pad: u32 }
struct Params { threads: u32, y_at: u32, index_at: u32, pad: u32, high: Axis, wide: Axis }
@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> x: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

// The first window that can hold a place.
fn first_of(axis: Axis, place: u32) -> u32 {
  if (axis.taps == 0u) { return place * axis.div / axis.mul; }
  let span = (axis.taps - 1u) * axis.dilation + 1u;
  let end = place + axis.before;
  return select(0u, (end - span) / axis.mul + 1u, end >= span);
}

// One after the last.
fn end_of(axis: Axis, place: u32) -> u32 {
  if (axis.taps == 0u) { return ((place + 1u) * axis.div + axis.mul - 1u) / axis.mul; }
  return min((place + axis.before) / axis.mul + 1u, axis.out);
}

fn item(i: u32) {
  let w = i % p.wide.size;
  let h = i / p.wide.size % p.high.size;
  let area = p.wide.size * p.high.size;
  let plane = i / area * p.wide.out * p.high.out;
  let place = i32(i % area);
  let end_high = end_of(p.high, h);
  let end_wide = end_of(p.wide, w);
  var sum = 0.0;
  for (var u = first_of(p.high, h); u < end_high; u++) {
    for (var v = first_of(p.wide, w); v < end_wide; v++) {
      let at = plane + u * p.wide.out + v;
      if (index[p.index_at + at] == place) { sum += y[p.y_at + at]; }
    }
  }
  x[i] = sum;
}

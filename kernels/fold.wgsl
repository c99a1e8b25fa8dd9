// x[plane, h, w] = sum over the taps (k, l) and places (u, v) with h = u stride + k dilation, and w
// alike, of y[plane, k, l, u, v], in the order of the taps.
struct Axis { size: u32, out: u32, taps: u32, stride: u32, dilation: u32, pad_a: u32, pad_b: u32,
  pad_c: u32 }
struct Params { threads: u32, y_at: u32, pad_a: u32, pad_b: u32, high: Axis, wide: Axis }
@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

// The place whose tap lies on an element; one that is not there if none does.
fn place_of(axis: Axis, element: u32, tap: u32) -> u32 {
  let start = element - tap * axis.dilation; // wraps to far beyond every place
  return select(axis.out, start / axis.stride,
    element >= tap * axis.dilation && start % axis.stride == 0u);
}

fn item(i: u32) {
  let w = i % p.wide.size;
  let h = i / p.wide.size % p.high.size;
  let plane = i / (p.wide.size * p.high.size) * p.high.taps;
  var sum = 0.0;
  for (var k = 0u; k < p.high.taps; k++) {
    let u = place_of(p.high, h, k);
    if (u >= p.high.out) { continue; }
    for (var l = 0u; l < p.wide.taps; l++) {
      let v = place_of(p.wide, w, l);
      if (v >= p.wide.out) { continue; }
      let tap = (plane + k) * p.wide.taps + l;
      sum += y[p.y_at + (tap * p.high.out + u) * p.wide.out + v];
    }
  }
  x[i] = sum;
}

// dw[part, g, r, k] = sum over the part's images n and places o of dy[n, g, r, o]
// x[n, g, o stride + k dilation + shift]; x counts as 0 outside. A part has every `parts`-th of the
// columns along the axis `lane` of all images, and goes down each along the axis `run`, RUN places
// at a time, for which it reads SPAN elements for each tap of `lane`.
// Lines with $m, $l, $k or $j stand for SPAN elements, the taps of `lane` and of `run`, and RUN
// places (engine/unroll.ts).
struct Axis { size: u32, out: u32, taps: u32, shift: i32, x_step: u32, y_step: u32, w_step: u32,
  pad: u32 }
struct Params { threads: u32, groups: u32, rows: u32, batch: u32, x_at: u32, dy_at: u32,
  parts: u32, pad: u32, lane_stride: i32, lane_dilation: i32, pad_b: u32, pad_c: u32,
  run: Axis, lane: Axis }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dw: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

// The element of x that lies `line` steps from a column's begin, of as many as `size`; 0 for none.
fn one(begin: u32, line: i32, step: u32, size: u32) -> f32 {
  let value = x[begin + select(0u, u32(line), u32(line) < size) * step];
  return select(0.0, value, u32(line) < size);
}

fn item(i: u32) {
  let run = p.run; // read once: not every compiler sees that they stay
  let lane = p.lane;
  let part = i % p.parts;
  let plane = i / p.parts;
  let planes = p.groups * p.rows;
  var s$l_$k = 0.0;
  for (var at = part; at < p.batch * lane.out; at += p.parts) {
    let n = at / lane.out;
    let column = at % lane.out;
    let from_x = p.x_at + (n * p.groups + plane / p.rows) * run.size * lane.size;
    let from_dy = p.dy_at + (n * planes + plane) * run.out * lane.out + column * lane.y_step;
    let spot$l = i32(column) * p.lane_stride + lane.shift + $l * p.lane_dilation;
    let size$l = select(0u, run.size, u32(spot$l) < lane.size);
    let begin$l = from_x + select(0u, u32(spot$l), size$l > 0u) * lane.x_step;
    for (var o = 0u; o < run.out; o += RUN) {
      let start = i32(o) * STRIDE + run.shift;
      let last = run.out - o - 1u;
      let given$j = dy[from_dy + (o + min($ju, last)) * run.y_step];
      let d$j = select(0.0, given$j, $ju <= last);
      let e$l = array<f32, SPAN>(
        one(begin$l, start + $m, run.x_step, size$l),
      ); // $l
      s$l_$k = s$l_$k
        + d$j * e$l[$j * STRIDE + $k * DILATION] // $k
      ; // $l $k
    }
  }
  let to = (part * planes + plane) * run.taps * lane.taps;
  dw[to + $lu * lane.w_step + $ku * run.w_step] = s$l_$k;
}

// y[n, g, r, o] = bias[g, r] + sum over c < depth and taps k of
// w(g, r, c, k) x[n, g, c, o stride + k dilation + shift], for few rows and few channels c; x is 0
// outside. A thread takes RUN places along the axis `run`, for which it reads SPAN elements;
// neighbouring threads take neighbours along the axis `lane`. Sums run over c, then over the taps
// of `lane`, then over those of `run`. Lines with $m, $j or $k stand for SPAN elements, RUN places
// or the taps of `run` (engine/unroll.ts): values with names, as variables are slow on a processor.
struct Axis { size: u32, out: u32, taps: u32, shift: i32, x_step: u32, y_step: u32, w_step: u32,
  pad: u32 }
struct Params { threads: u32, groups: u32, rows: u32, depth: u32, x_at: u32, w_at: u32,
  w_group: u32, w_row: u32, w_col: u32, bias_at: u32, has_bias: u32, pad: u32,
  lane_stride: i32, lane_dilation: i32, pad_b: u32, pad_c: u32, run: Axis, lane: Axis }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

// The element of x that lies `line` steps from a column's begin, of as many as `size`.
fn one(begin: u32, line: i32, step: u32, size: u32) -> f32 {
  let value = x[begin + min(u32(line), size - 1u) * step];
  return select(0.0, value, u32(line) < size);
}

fn item(i: u32) {
  let run = p.run; // read once: not every compiler sees that they stay
  let lane = p.lane;
  let column = i % lane.out;
  let blocks = (run.out + RUN - 1u) / RUN;
  let first = i / lane.out % blocks * RUN;
  let plane = i / (lane.out * blocks);
  let g = plane / p.rows % p.groups;
  let r = plane % p.rows;
  let bias_at = select(0u, p.bias_at + g * p.rows + r, p.has_bias != 0u);
  let from_bias = select(0.0, bias[bias_at], p.has_bias != 0u);
  let start = i32(first) * STRIDE + run.shift;
  let spot = i32(column) * p.lane_stride + lane.shift;
  var s$j = from_bias;
  for (var c = 0u; c < p.depth; c++) {
    let from_x = p.x_at + (plane / p.rows * p.depth + c) * run.size * lane.size;
    let from_w = p.w_at + g * p.w_group + r * p.w_row + c * p.w_col;
    for (var l = 0u; l < lane.taps; l++) {
      let at = spot + i32(l) * p.lane_dilation;
      if (u32(at) >= lane.size) { continue; }
      let begin = from_x + u32(at) * lane.x_step;
      let e = array<f32, SPAN>(
        one(begin, start + $m, run.x_step, run.size),
      );
      let f$k = w[from_w + l * lane.w_step + $ku * run.w_step];
      s$j = s$j
        + f$k * e[$j * STRIDE + $k * DILATION] // $j
      ; // $j
    }
  }
  let to = plane * run.out * lane.out + column * lane.y_step + first * run.y_step;
  if (first + $ju < run.out) { y[to + $ju * run.y_step] = s$j; }
}

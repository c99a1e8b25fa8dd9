// y[n, g, r, o] = bias[g, r] + sum over c < depth and taps k of w(g, r, c, k) x[n, g, c, at(o, k)],
// r < rows; x counts as 0 outside. TM rows x TN places a thread, in registers; sums run over k,
// then c.
// An axis has `phases` kinds of places o = phase + phases u. They see the taps
// k = first, first + every, .. at u stride + (phase + shift - first dilation) / phases, and a
// `step` further each time: a convolution has one phase, its transpose one for each stride.
// Lines with $i or $j stand for TM or TN copies (engine/unroll.ts).
struct Axis { size: u32, out: u32, taps: u32, phases: i32, stride: i32, shift: i32, dilation: i32,
  step: i32, every: u32, pad_a: u32, pad_b: u32, pad_c: u32 }
struct Params { batch: u32, groups: u32, rows: u32, depth: u32, across: u32, down: u32,
  x_at: u32, w_at: u32, w_group: u32, w_row: u32, w_col: u32, bias_at: u32, has_bias: u32,
  pad_a: u32, pad_b: u32, pad_c: u32, high: Axis, wide: Axis }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

// The first tap that meets an element from places of a phase; `taps` or more if none does.
fn first_tap(axis: Axis, phase: i32) -> u32 {
  for (var k = 0u; k < axis.every; k++) {
    if ((phase + axis.shift - i32(k) * axis.dilation) % axis.phases == 0) { return k; }
  }
  return axis.taps;
}

// Where the first place of a phase starts to read.
fn start_of(axis: Axis, phase: i32, first: u32) -> i32 {
  return (phase + axis.shift - i32(first) * axis.dilation) / axis.phases;
}

// How many places a phase has.
fn places_of(axis: Axis, phase: i32) -> u32 {
  return u32((i32(axis.out) + axis.phases - 1 - phase) / axis.phases);
}

@compute @workgroup_size(WX, WY)
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) lane: vec3<u32>,
) {
  let block = group.x + group.y * groups.x;
  let row = (block / p.across % p.down * WY + lane.y) * TM;
  let col = (block % p.across) * WX * TN + lane.x;
  let g = block / (p.across * p.down) % p.groups;
  let phase = i32(block / (p.across * p.down * p.groups));
  if (phase >= p.high.phases * p.wide.phases) { return; }
  let phase_high = phase / p.wide.phases;
  let phase_wide = phase % p.wide.phases;
  let lines = places_of(p.high, phase_high);
  let width = places_of(p.wide, phase_wide);
  let places = p.batch * lines * width;
  if (row >= p.rows || col >= places) { return; }
  let first_high = first_tap(p.high, phase_high);
  let first_wide = first_tap(p.wide, phase_wide);
  let area = p.high.size * p.wide.size;
  let at$j = min(col + $ju * WX, places - 1u);
  let image$j = (at$j / (lines * width) * p.groups + g);
  let u$j = i32(at$j / width % lines);
  let v$j = i32(at$j % width);
  var line$j = u$j * p.high.stride + start_of(p.high, phase_high, first_high);
  let start$j = v$j * p.wide.stride + start_of(p.wide, phase_wide, first_wide);
  let plane$j = p.x_at + image$j * p.depth * area;
  let weight$i = p.w_at + g * p.w_group + min(row + $iu, p.rows - 1u) * p.w_row;
  let bias_at$i = p.bias_at + g * p.rows + min(row + $iu, p.rows - 1u);
  let bias$i = select(0.0, bias[select(0u, bias_at$i, p.has_bias != 0u)], p.has_bias != 0u);
  var s$i_$j = bias$i;
  for (var k = first_high; k < p.high.taps; k += p.high.every) {
    var spot$j = start$j;
    for (var l = first_wide; l < p.wide.taps; l += p.wide.every) {
      let tap = k * p.wide.taps + l;
      let in$j = u32(line$j) < p.high.size && u32(spot$j) < p.wide.size;
      var from$j = select(0u, plane$j + u32(line$j) * p.wide.size + u32(spot$j), in$j);
      let hop$j = select(0u, area, in$j);
      spot$j += p.wide.step;
      var at_w$i = weight$i + tap;
      for (var c = 0u; c < p.depth; c++) {
        let e$j = select(0.0, x[from$j], in$j);
        from$j += hop$j;
        let f$i = w[at_w$i];
        at_w$i += p.w_col;
        s$i_$j += f$i * e$j;
      }
    }
    line$j += p.high.step;
  }
  let to$j = (u32(u$j * p.high.phases + phase_high)) * p.wide.out
    + u32(v$j * p.wide.phases + phase_wide);
  let plane_y = p.high.out * p.wide.out;
  if (row + $iu < p.rows) {
    if (col + $ju * WX < places) { y[(image$j * p.rows + row + $iu) * plane_y + to$j] = s$i_$j; }
  } // $i
}

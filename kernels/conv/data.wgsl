// y[n, g, r, o] = bias[g, r] + sum over c < depth and taps k of w(g, r, c, k) x[n, g, c, at(o, k)],
// r < rows; x counts as 0 outside. TM rows x TN places a thread, in registers; sums run over k,
// then c.
// An axis has `phases` kinds of places o = phase + phases u. They see the taps
// k = first, first + every, .. at u stride + (phase + shift - first dilation) / phases, and a
// `step` further each time: a convolution has one phase, its transpose one for each stride.
// DEPTH terms, a divisor of `depth`, are added by one assignment, in order. Where lanes of a
// subgroup share rows, each of LANES lanes loads other rows of w and all get them, as in
// matmul/lanes.wgsl.
// Marks (engine/unroll.ts): $i rows a lane loads (TM / LANES), $l of LANES, $j places, $q of DEPTH;
// lines with $s are there once if rows are shared, with $p if not, with $w if by swaps, with $c if
// by broadcast, with $r if sums are stored in a loop, with $u if not, and rows are then not shared.
struct Axis { size: u32, out: u32, taps: u32, phases: i32, stride: i32, shift: i32, dilation: i32,
  step: i32, every: u32, pad_a: u32, pad_b: u32, pad_c: u32 }
struct Params { batch: u32, groups: u32, rows: u32, depth: u32, across: u32, down: u32,
  x_at: u32, w_at: u32, w_group: u32, w_row: u32, w_col: u32, bias_at: u32, has_bias: u32,
  each: u32, pad_a: u32, pad_b: u32, high: Axis, wide: Axis } // each: rows of a thread
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

// Bits kept of a number that counts; of others, which may be read from anywhere, none are. On
// SwiftShader to select zero instead takes up to a quarter longer.
const ALL = 0xffffffffu;

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
  @builtin(subgroup_invocation_id) own: u32, // $s
) {
  let own = 0u; // $p
  let turn = select(0u, own % LANES, LANES == 4u);
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
  if (row >= p.rows || col >= places) { return; } // $p
  let first_high = first_tap(p.high, phase_high);
  let first_wide = first_tap(p.wide, phase_wide);
  let area = p.high.size * p.wide.size;
  let at$j = min(col + $ju * WX, places - 1u);
  let line_at$j = at$j / width;
  let image_at$j = line_at$j / lines;
  let image$j = image_at$j * p.groups + g;
  let u$j = i32(line_at$j - image_at$j * lines);
  let o$j = i32(at$j - line_at$j * width);
  let line$j = u$j * p.high.stride + start_of(p.high, phase_high, first_high);
  let start$j = o$j * p.wide.stride + start_of(p.wide, phase_wide, first_wide);
  let plane$j = p.x_at + image$j * p.depth * area;
  let row$i = min(row + $iu * LANES + own % LANES, p.rows - 1u);
  let weight$i = p.w_at + g * p.w_group + row$i * p.w_row;
  let bias$i = select(0.0, bias[p.bias_at + g * p.rows + row$i], p.has_bias != 0u);
  var s$i_0_$j = bias$i; // $w
  var s$i_1_$j = quadSwapX(bias$i); // $w
  var s$i_2_$j = quadSwapY(bias$i); // $w
  var s$i_3_$j = quadSwapDiagonal(bias$i); // $w
  var s$i_$l_$j = subgroupBroadcast(bias$i, $lu); // $c
  var s$i_$l_$j = bias$i; // $p
  var k = first_high;
  var l = first_wide;
  var from_line = 0;
  var from_spot = 0;
  while (k < p.high.taps && l < p.wide.taps) {
    let h$j = u32(line$j + from_line);
    let v$j = u32(start$j + from_spot);
    let in$j = h$j < p.high.size && v$j < p.wide.size;
    var from$j = select(0u, plane$j + h$j * p.wide.size + v$j, in$j);
    let keep$j = select(0u, ALL, in$j);
    let hop$j = select(0u, area, in$j);
    var at_w$i = weight$i + k * p.wide.taps + l;
    for (var c = 0u; c < p.depth; c += DEPTH) {
      let e$j_$q = bitcast<f32>(bitcast<u32>(x[from$j + $qu * hop$j]) & keep$j);
      let u$i_$q = w[at_w$i + $qu * p.w_col];
      from$j += DEPTH * hop$j;
      at_w$i += DEPTH * p.w_col;
      let f$i_0_$q = u$i_$q; // $w
      let f$i_1_$q = quadSwapX(u$i_$q); // $w
      let f$i_2_$q = quadSwapY(u$i_$q); // $w
      let f$i_3_$q = quadSwapDiagonal(u$i_$q); // $w
      let f$i_$l_$q = subgroupBroadcast(u$i_$q, $lu); // $c
      let f$i_$l_$q = u$i_$q; // $p
      s$i_$l_$j = s$i_$l_$j
        + f$i_$l_$q * e$j_$q
      ; // $i_$l_$j
    }
    l += p.wide.every;
    from_spot += p.wide.step;
    if (l >= p.wide.taps) {
      l = first_wide;
      k += p.high.every;
      from_spot = 0;
      from_line += p.high.step;
    }
  }
  let plane_y = p.high.out * p.wide.out;
  let to$j = (image$j * p.rows + row) * plane_y
    + u32(u$j * p.high.phases + phase_high) * p.wide.out
    + u32(o$j * p.wide.phases + phase_wide);
  var sums: array<array<f32, TN>, TM>; // $r
  sums[$iu * LANES + $lu][$j] = s$i_$l_$j; // $r
  for (var i = 0u; i < p.each; i++) { // $r
    let r = i ^ turn; // $r
    if (row + r < p.rows && col + $ju * WX < places) { // $r
      y[to$j + r * plane_y] = sums[i][$j]; // $r
    } // $j $r
  } // $r
  if (row + $iu < p.rows) { // $u
    if (col + $ju * WX < places) { y[to$j + $iu * plane_y] = s$i_0_$j; } // $i $u
  } // $i $u
}

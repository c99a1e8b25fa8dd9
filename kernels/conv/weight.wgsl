// dw[part, g, r, c, k] = sum over batch and places o of dy[n, g, r, o] x[n, g, c, o stride
// + k dilation + shift], r < rows, c < depth, k a tap; x counts as 0 outside. A part sums `span`
// pairs (n, o) in order. TM rows x TN columns (c, k) a thread, in registers.
// DEPTH terms, a divisor of `wide.out` and of `span`, are added by one assignment, in order. Where
// lanes of a subgroup share rows, each of LANES lanes loads other rows of dy and all get them, as
// in matmul/lanes.wgsl.
// Marks (engine/unroll.ts): $i rows a lane loads (TM / LANES), $l of LANES, $j columns, $q DEPTH;
// lines with $s are there once if rows are shared, with $p if not, with $w if by swaps, with $c if
// by broadcast, with $r if sums are stored in a loop, with $u if not, and rows are then not shared.
struct Axis { size: u32, out: u32, taps: u32, phases: i32, stride: i32, shift: i32, dilation: i32,
  step: i32, every: u32, pad_a: u32, pad_b: u32, pad_c: u32 }
struct Params { batch: u32, groups: u32, rows: u32, depth: u32, across: u32, down: u32,
  x_at: u32, dy_at: u32, span: u32, parts: u32, each: u32, pad: u32, // each: rows of a thread
  high: Axis, wide: Axis }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dw: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

// Bits kept of a number that counts; of others, which may be read from anywhere, none are. On
// SwiftShader to select zero instead takes up to a quarter longer.
const ALL = 0xffffffffu;
const OUTSIDE = 0x40000000; // of every row, and still so after any number of steps along it

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
  let part = block / (p.across * p.down * p.groups);
  let taps = p.high.taps * p.wide.taps;
  let columns = p.depth * taps;
  if (part >= p.parts) { return; }
  if (row >= p.rows || col >= columns) { return; } // $p
  let places = p.high.out * p.wide.out;
  let area = p.high.size * p.wide.size;
  let q$j = min(col + $ju * WX, columns - 1u);
  let down$j = i32(q$j / p.wide.taps % p.high.taps) * p.high.dilation + p.high.shift;
  let right$j = i32(q$j % p.wide.taps) * p.wide.dilation + p.wide.shift;
  let plane$j = p.x_at + (g * p.depth + q$j / taps) * area;
  let from$i = p.dy_at + (g * p.rows + min(row + $iu * LANES + own % LANES, p.rows - 1u)) * places;
  var s$i_$l_$j = 0.0;
  let end = min((part + 1u) * p.span, p.batch * places);
  for (var at = part * p.span; at < end;) {
    let n = at / places;
    let o = at % places;
    let spot = o % p.wide.out;
    let count = min(p.wide.out - spot, end - at);
    let line$j = i32(o / p.wide.out) * p.high.stride + down$j;
    let base$j = plane$j + n * p.groups * p.depth * area + u32(line$j) * p.wide.size;
    var x_at$j = select(OUTSIDE, i32(spot) * p.wide.stride + right$j, u32(line$j) < p.high.size);
    var dy_at$i = from$i + n * p.groups * p.rows * places + o;
    for (var t = 0u; t < count; t += DEPTH) {
      let spot$j_$q = u32(x_at$j + $q * p.wide.stride);
      let keep$j_$q = select(0u, ALL, spot$j_$q < p.wide.size);
      let e$j_$q = bitcast<f32>(bitcast<u32>(x[base$j + spot$j_$q]) & keep$j_$q);
      x_at$j += i32(DEPTH) * p.wide.stride;
      let u$i_$q = dy[dy_at$i + $qu];
      dy_at$i += DEPTH;
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
    at += count;
  }
  let to = ((part * p.groups + g) * p.rows + row) * columns + col;
  var sums: array<array<f32, TN>, TM>; // $r
  sums[$iu * LANES + $lu][$j] = s$i_$l_$j; // $r
  for (var i = 0u; i < p.each; i++) { // $r
    let r = i ^ turn; // $r
    if (row + r < p.rows && col + $ju * WX < columns) { // $r
      dw[to + r * columns + $ju * WX] = sums[i][$j]; // $r
    } // $j $r
  } // $r
  if (row + $iu < p.rows) { // $u
    if (col + $ju * WX < columns) { dw[to + $iu * columns + $ju * WX] = s$i_0_$j; } // $i $u
  } // $i $u
}

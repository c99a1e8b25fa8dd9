// dw[part, g, r, c, k] = sum over batch and places o of dy[n, g, r, o] x[n, g, c, o stride
// + k dilation + shift], r < rows, c < depth, k a tap; x counts as 0 outside. A part sums `span`
// pairs (n, o) in order. TM rows x TN columns (c, k) a thread, in registers.
// Lines with $i or $j stand for TM or TN copies (engine/unroll.ts).
struct Axis { size: u32, out: u32, taps: u32, phases: i32, stride: i32, shift: i32, dilation: i32,
  step: i32, every: u32, pad_a: u32, pad_b: u32, pad_c: u32 }
struct Params { batch: u32, groups: u32, rows: u32, depth: u32, across: u32, down: u32,
  x_at: u32, dy_at: u32, span: u32, parts: u32, pad_a: u32, pad_b: u32, high: Axis, wide: Axis }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dw: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

const OUTSIDE = 0x40000000; // of every row, and still so after any number of steps along it

@compute @workgroup_size(WX, WY)
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) lane: vec3<u32>,
) {
  let block = group.x + group.y * groups.x;
  let row = (block / p.across % p.down * WY + lane.y) * TM;
  let col = (block % p.across) * WX * TN + lane.x;
  let g = block / (p.across * p.down) % p.groups;
  let part = block / (p.across * p.down * p.groups);
  let taps = p.high.taps * p.wide.taps;
  let columns = p.depth * taps;
  if (part >= p.parts || row >= p.rows || col >= columns) { return; }
  let places = p.high.out * p.wide.out;
  let area = p.high.size * p.wide.size;
  let q$j = min(col + $ju * WX, columns - 1u);
  let down$j = i32(q$j / p.wide.taps % p.high.taps) * p.high.dilation + p.high.shift;
  let right$j = i32(q$j % p.wide.taps) * p.wide.dilation + p.wide.shift;
  let plane$j = p.x_at + (g * p.depth + q$j / taps) * area;
  let from$i = p.dy_at + (g * p.rows + min(row + $iu, p.rows - 1u)) * places;
  var s$i_$j = 0.0;
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
    for (var t = 0u; t < count; t++) {
      let in$j = u32(x_at$j) < p.wide.size;
      let v$j = select(0.0, x[select(0u, base$j + u32(x_at$j), in$j)], in$j);
      x_at$j += p.wide.stride;
      let f$i = dy[dy_at$i];
      dy_at$i++;
      s$i_$j += f$i * v$j;
    }
    at += count;
  }
  let to$i = ((part * p.groups + g) * p.rows + row + $iu) * columns + col;
  if (row + $iu < p.rows) {
    if (col + $ju * WX < columns) { dw[to$i + $ju * WX] = s$i_$j; }
  } // $i
}

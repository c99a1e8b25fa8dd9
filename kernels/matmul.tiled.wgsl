// C[m, n] from A[m, k] B[k, n] by tiles of 64 x 64 in workgroup memory, 16 deep; 16 x 16 threads,
// TM x TN = 4 x 4 of C each. Loads run along whichever axis lies contiguous (A_DOWN: k of A,
// B_ACROSS: n of B). Sums run over k in order.
// Lines with $i or $j stand for TM or TN copies (engine/unroll.ts).
const SIDE = 64u;
const DEPTH = 16u;
var<workgroup> a_tile: array<array<f32, SIDE>, DEPTH>;
var<workgroup> b_tile: array<array<f32, SIDE>, DEPTH>;

fn load_a(base: u32, row: u32, k: u32) -> f32 {
  if (row >= p.m || k >= p.k) { return 0.0; }
  return f32(a[base + row * p.a_row + k * p.a_col]);
}

fn load_b(base: u32, k: u32, col: u32) -> f32 {
  if (col >= p.n || k >= p.k) { return 0.0; }
  return f32(b[base + k * p.b_row + col * p.b_col]);
}

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(local_invocation_id) lane: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let group = id + vec3<u32>(p.first, 0u);
  if (SYMMETRIC && group.x < group.y) { return; }
  let row0 = group.y * SIDE;
  let col0 = group.x * SIDE;
  let base = base_of(group.z);
  // Where this thread's part of a load begins, and how far apart its four elements are.
  let along = vec2<u32>(index % DEPTH, index / DEPTH);
  let across = vec2<u32>(index / SIDE, index % SIDE);
  let a_at = select(across, along, A_DOWN);
  let a_step = select(vec2<u32>(4u, 0u), vec2<u32>(0u, 16u), A_DOWN);
  let b_at = select(along, across, B_ACROSS);
  let b_step = select(vec2<u32>(0u, 16u), vec2<u32>(4u, 0u), B_ACROSS);
  var s$i_$j = 0.0;
  for (var k0 = 0u; k0 < p.k; k0 += DEPTH) {
    for (var step = 0u; step < 4u; step++) {
      let at = a_at + step * a_step;
      a_tile[at.x][at.y] = load_a(base.a, row0 + at.y, k0 + at.x);
      let bt = b_at + step * b_step;
      b_tile[bt.x][bt.y] = load_b(base.b, k0 + bt.x, col0 + bt.y);
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let v$j = b_tile[k][lane.x + $ju * 16u];
      let u$i = a_tile[k][lane.y * TM + $iu];
      s$i_$j += u$i * v$j;
    }
    workgroupBarrier();
  }
  if (row0 + lane.y * TM + $iu < p.m) {
    store(base, row0 + lane.y * TM + $iu, col0 + lane.x + $ju * 16u, s$i_$j);
  } // $i
}

// C[m, n] from A[m, k] B[k, n] by tiles of HIGH x WIDE, 16 deep, in workgroup memory; WX x WY
// threads, TM x TN of C each, in blocks of 4 x 4 that lie apart, so that neighbouring lanes read
// neighbouring vectors. Each thread loads blocks of 4 x 4 along whichever axis lies contiguous
// (A_DOWN: k of A, B_DOWN: k of B). A tile holds, for each of 16 terms, vectors of four rows (A) or
// columns (B); slot(k, .) permutes them so that no two lanes of a load or of a store meet in a
// bank. Sums run over k in order.
// Marks: $i blocks down (TM / 4), $j blocks across (TN / 4), $l rows of a block; lines with $r are
// there once if sums are stored in a loop, with $u if not.
const THREADS = WX * WY;
var<workgroup> a_tile: array<vec4<f32>, HIGH * 4u>;
var<workgroup> b_tile: array<vec4<f32>, WIDE * 4u>;

fn slot(k: u32, at: u32) -> u32 { return at ^ ((k & 12u) >> 1u); }

// Four rows or columns of k, k + 1, k + 2, k + 3, from block `t` of a tile `side` vectors long.
fn place(t: u32, side: u32, down: bool) -> vec2<u32> {
  return select(vec2<u32>(t % side, t / side), vec2<u32>(t / 4u, t % 4u), down);
}

fn load_a(base: Base, row0: u32, k0: u32, t: u32) {
  let at = place(t, HIGH / 4u, A_DOWN);
  let row = row0 + at.x * 4u;
  let k = k0 + at.y * 4u;
  let line = select(k, row, A_DOWN);
  let begin = select(row, k, A_DOWN);
  var v = mat4x4<f32>(
    a4(base, line, begin), a4(base, line + 1u, begin),
    a4(base, line + 2u, begin), a4(base, line + 3u, begin),
  );
  if (A_DOWN) { v = transpose(v); }
  let to = slot(at.y * 4u, at.x) + at.y * HIGH;
  a_tile[to + $lu * (HIGH / 4u)] = v[$l];
}

fn load_b(base: Base, col0: u32, k0: u32, t: u32) {
  let at = place(t, WIDE / 4u, B_DOWN);
  let col = col0 + at.x * 4u;
  let k = k0 + at.y * 4u;
  let line = select(k, col, B_DOWN);
  let begin = select(col, k, B_DOWN);
  var v = mat4x4<f32>(
    b4(base, line, begin), b4(base, line + 1u, begin),
    b4(base, line + 2u, begin), b4(base, line + 3u, begin),
  );
  if (B_DOWN) { v = transpose(v); }
  let to = slot(at.y * 4u, at.x) + at.y * WIDE;
  b_tile[to + $lu * (WIDE / 4u)] = v[$l];
}

@compute @workgroup_size(WX, WY)
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) lane: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let start = corner(group);
  if (SYMMETRIC && start.x >= p.m) { return; }
  let base = base_of(group.z);
  var s$i_$l_$j = vec4<f32>();
  for (var k0 = base.k; k0 < base.k_end; k0 += 16u) {
    for (var t = index; t < HIGH; t += THREADS) { load_a(base, start.x, k0, t); }
    for (var t = index; t < WIDE; t += THREADS) { load_b(base, start.y, k0, t); }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let v$j = b_tile[k * (WIDE / 4u) + slot(k, lane.x + $ju * WX)];
      let u$i = a_tile[k * (HIGH / 4u) + slot(k, lane.y + $iu * WY)];
      s$i_$l_$j += u$i[$l] * v$j;
    }
    workgroupBarrier();
  }
  let row = start.x + lane.y * 4u;
  let col = start.y + lane.x * 4u;
  var sums: array<array<vec4<f32>, TN / 4u>, TM>; // $r
  sums[$iu * 4u + $lu][$j] = s$i_$l_$j; // $r
  for (var i = 0u; i < p.each.y; i++) { // $r
    for (var j = 0u; j < p.each.x; j++) { // $r
      store4(base, row + i / 4u * WY * 4u + i % 4u, col + j * WX * 4u, sums[i][j]); // $r
    } // $r
  } // $r
  store4(base, row + $iu * WY * 4u + $lu, col + $ju * WX * 4u, s$i_$l_$j); // $u
}

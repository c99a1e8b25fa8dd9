// C[m, n] from A[m, k] B[k, n]: TM x TN of C a thread, in registers; no workgroup memory, any
// strides. Neighbouring lanes take neighbouring columns. DEPTH terms of each sum are added a turn,
// in order, by one assignment: SwiftShader masks each of those by the lanes that are active. Rows
// are loaded just before their sums, so that few numbers are held at a time.
// Where lanes of a subgroup share rows (one row of lanes a workgroup), each of LANES lanes loads
// other rows of A; a subgroup has LANES lanes or more. Quads swap them, which costs SwiftShader
// least: lane x of a quad has row 4 i + (l ^ x) where others have 4 i + l. More lanes get them by
// broadcast.
// Marks: $i rows a lane loads (TM / LANES), $l of LANES, $j columns, $q of DEPTH; lines with $s
// are there once if rows are shared, with $p if not, with $w if by swaps, with $c if by broadcast,
// with $t if a sum may end within a turn, with $n if not, with $r if sums are stored in a loop,
// with $u if not.
@compute @workgroup_size(WX, WY, WZ)
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) lane: vec3<u32>,
  @builtin(subgroup_invocation_id) place: u32, // $s
) {
  let own = place % LANES; // $s
  let own = 0u; // $p
  let turn = select(0u, own, LANES == 4u);
  if (group.z * WZ + lane.z + p.batch.x >= p.last) { return; } // $p
  let start = corner(group);
  if (SYMMETRIC && start.x >= p.m) { return; }
  let row = start.x + lane.y * TM;
  let col = start.y + lane.x;
  let base = base_of(group.z); // $s
  let base = base_of(group.z * WZ + lane.z); // $p
  let a$i = base.a + min(row + $iu * LANES + own, p.m - 1u) * p.a_row;
  let b$j = base.b + min(col + $ju * WX, p.n - 1u) * p.b_col;
  var s$i_$l_$j = 0.0;
  for (var k = base.k; k < base.k_end; k += DEPTH) {
    let k$q = k + $qu; // $n
    let in$q = k + $qu < base.k_end; // $t
    let k$q = select(k, k + $qu, in$q); // $t
    let v$j_$q = f32(b[b$j + k$q * p.b_row]); // $n
    let v$j_$q = select(0.0, f32(b[b$j + k$q * p.b_row]), in$q); // $t
    let u$i_$q = f32(a[a$i + k$q * p.a_col]); // $n
    let u$i_$q = select(0.0, f32(a[a$i + k$q * p.a_col]), in$q); // $t
    let e$i_0_$q = u$i_$q; // $w
    let e$i_1_$q = quadSwapX(u$i_$q); // $w
    let e$i_2_$q = quadSwapY(u$i_$q); // $w
    let e$i_3_$q = quadSwapDiagonal(u$i_$q); // $w
    let e$i_$l_$q = subgroupBroadcast(u$i_$q, $lu); // $c
    let e$i_$l_$q = u$i_$q; // $p
    s$i_$l_$j = s$i_$l_$j
      + v$j_$q * e$i_$l_$q
    ; // $i_$l_$j
  }
  var sums: array<array<f32, TN>, TM>; // $r
  sums[$iu * LANES + $lu][$j] = s$i_$l_$j; // $r
  let inside = select(0u, p.each.y, is_inside(start)); // $r
  for (var i = 0u; i < inside; i++) { // $r
    put(base, row + (i ^ turn), col + $ju * WX, sums[i][$j]); // $r
  } // $r
  for (var i = inside; i < p.each.y; i++) { // $r
    for (var j = 0u; j < p.each.x; j++) { // $r
      store(base, row + (i ^ turn), col + j * WX, sums[i][j]); // $r
    } // $r
  } // $r
  store(base, row + $iu * LANES + ($lu ^ turn), col + $ju * WX, s$i_$l_$j); // $u
}

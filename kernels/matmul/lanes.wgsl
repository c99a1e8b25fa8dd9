// C[m, n] from A[m, k] B[k, n]: TM x TN of C a thread, in registers; no workgroup memory, any
// strides. Neighbouring lanes take neighbouring columns. DEPTH terms of each sum are added a turn,
// in order.
// Where lanes of a subgroup share rows (SHARED, one row of lanes a workgroup), each of LANES lanes
// loads other rows of A and all get them by broadcast; a subgroup has LANES lanes or more.
// Marks: $q of DEPTH, $i rows a lane loads (TM / LANES), $l of LANES, $j columns; lines with $s
// are there once if SHARED, with $p if not, with $r if sums are stored in a loop, with $u if not.
@compute @workgroup_size(WX, WY, WZ)
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) lane: vec3<u32>,
  @builtin(subgroup_invocation_id) place: u32, // $s
) {
  let own = place % LANES; // $s
  let own = 0u; // $p
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
    let in$q = !TAIL || k + $qu < base.k_end;
    let k$q = select(k, k + $qu, in$q);
    let u$q_$i = select(0.0, f32(a[a$i + k$q * p.a_col]), in$q);
    let v$q_$j = select(0.0, f32(b[b$j + k$q * p.b_row]), in$q);
    let e$q_$i_$l = subgroupBroadcast(u$q_$i, $lu); // $s
    let e$q_$i_$l = u$q_$i; // $p
    s$i_$l_$j += e$q_$i_$l * v$q_$j;
  }
  var sums: array<array<f32, TN>, TM>; // $r
  sums[$iu * LANES + $lu][$j] = s$i_$l_$j; // $r
  for (var i = 0u; i < p.each.y; i++) { // $r
    for (var j = 0u; j < p.each.x; j++) { store(base, row + i, col + j * WX, sums[i][j]); } // $r
  } // $r
  store(base, row + $iu * LANES + $lu, col + $ju * WX, s$i_$l_$j); // $u
}

// C[m, n] from A[m, k] B[k, n]: TM x TN of C a thread, in registers, from blocks of 4 x 4 that are
// read by vectors of four along whichever axis lies contiguous (A_DOWN: k of A, B_DOWN: k of B);
// k is a multiple of four, and so is the side that vectors run along. No workgroup memory. Sums run
// over k in order.
// Marks: $i blocks down (TM / 4), $j blocks across (TN / 4), $l rows of a block; lines with $d are
// there once if A_DOWN, with $a if not, with $e if B_DOWN, with $b if not, with $r if sums are
// stored in a loop, with $u if not.
@compute @workgroup_size(WX, WY)
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) lane: vec3<u32>,
) {
  let start = corner(group);
  if (SYMMETRIC && start.x >= p.m) { return; }
  let row = start.x + lane.y * TM;
  let col = start.y + lane.x * 4u;
  let base = base_of(group.z);
  // Where lines of a block begin, in vectors, and the next block along k.
  var a$i_$l = (base.a + base.k + min(row + $iu * 4u + $lu, p.m - 1u) * p.a_row) / 4u; // $d
  var a$i_$l = (base.a + (base.k + $lu) * p.a_col + min(row + $iu * 4u, p.m - 4u)) / 4u; // $a
  var b$j_$l = (base.b + base.k + min(col + $ju * WX * 4u + $lu, p.n - 1u) * p.b_col) / 4u; // $e
  var b$j_$l = (base.b + (base.k + $lu) * p.b_row + min(col + $ju * WX * 4u, p.n - 4u)) / 4u; // $b
  let a_step = select(p.a_col, 1u, A_DOWN);
  let b_step = select(p.b_row, 1u, B_DOWN);
  var s$i_$l_$j = vec4<f32>();
  for (var k = base.k; k < base.k_end; k += 4u) {
    let v$j_$l = vec4<f32>(b[b$j_$l]); // $b
    let z$j_$l = vec4<f32>(b[b$j_$l]); // $e
    b$j_$l += b_step;
    let y$j = transpose(mat4x4<f32>(z$j_0, z$j_1, z$j_2, z$j_3)); // $e
    let v$j_$l = y$j[$l]; // $e
    let w$i_$l = vec4<f32>(a[a$i_$l]);
    a$i_$l += a_step;
    let t$i = transpose(mat4x4<f32>(w$i_0, w$i_1, w$i_2, w$i_3)); // $a
    let u$i_$l = w$i_$l; // $d
    let u$i_$l = t$i[$l]; // $a
    s$i_$l_$j += u$i_$l.x * v$j_0 + u$i_$l.y * v$j_1 + u$i_$l.z * v$j_2 + u$i_$l.w * v$j_3;
  }
  var sums: array<array<vec4<f32>, TN / 4u>, TM>; // $r
  sums[$iu * 4u + $lu][$j] = s$i_$l_$j; // $r
  for (var i = 0u; i < p.each.y; i++) { // $r
    for (var j = 0u; j < p.each.x; j++) { // $r
      store4(base, row + i, col + j * WX * 4u, sums[i][j]); // $r
    } // $r
  } // $r
  store4(base, row + $iu * 4u + $lu, col + $ju * WX * 4u, s$i_$l_$j); // $u
}

// C[m, n] from A[m, k] B[k, n], TM x TN of C a thread, in registers; no workgroup memory.
// Neighbouring lanes take neighbouring columns. Sums run over k in order.
// Lines with $i or $j stand for TM or TN copies (engine/unroll.ts): a loop over a register array
// costs an order of magnitude on adapters that do not unroll.
@compute @workgroup_size(WX, WY)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_id) lane: vec3<u32>) {
  let group = id + vec3<u32>(p.first, 0u);
  let row = (group.y * WY + lane.y) * TM;
  let col = group.x * WX * TN + lane.x;
  if (row >= p.m || (SYMMETRIC && group.x * WX * TN + WX * TN <= row)) { return; }
  let base = base_of(group.z);
  var a$i = base.a + min(row + $iu, p.m - 1u) * p.a_row;
  var b$j = base.b + min(col + $ju * WX, p.n - 1u) * p.b_col;
  var s$i_$j = 0.0;
  for (var k = 0u; k < p.k; k++) {
    let v$j = f32(b[b$j]);
    b$j += p.b_row;
    let u$i = f32(a[a$i]);
    a$i += p.a_col;
    s$i_$j += u$i * v$j;
  }
  if (row + $iu < p.m) {
    store(base, row + $iu, col + $ju * WX, s$i_$j);
  } // $i
}

// C[m, n] from A[m, k] B[k, n] for few rows (at most TM): WX x WK lanes, one column each, of which
// WK share the terms of a sum, every WK-th each, and add their sums in order at the end.
// Neighbouring lanes run along whichever axis of B lies contiguous (B_DOWN: k).
// Marks: $i rows (TM).
var<workgroup> shares: array<array<f32, WX * WK>, TM>;

@compute @workgroup_size(WX * WK)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let across = select(index % WX, index / WK, B_DOWN);
  let share = select(index / WX, index % WK, B_DOWN);
  let start = corner(group);
  let base = base_of(group.z);
  let a$i = base.a + min(start.x + $iu, p.m - 1u) * p.a_row;
  let col = start.y + across;
  let b0 = base.b + min(col, p.n - 1u) * p.b_col;
  var s$i = 0.0;
  for (var k = base.k + share; k < base.k_end; k += WK) {
    let v = f32(b[b0 + k * p.b_row]);
    s$i += f32(a[a$i + k * p.a_col]) * v;
  }
  shares[$i][across * WK + share] = s$i;
  workgroupBarrier();
  for (var t = index; t < TM * WX; t += WX * WK) {
    var sum = 0.0;
    for (var q = 0u; q < WK; q++) { sum += shares[t / WX][t % WX * WK + q]; }
    store(base, start.x + t / WX, start.y + t % WX, sum);
  }
}

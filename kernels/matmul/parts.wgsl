// C[m, n] from the parts of its sums, which are in A's place: one thread an element, parts added
// in order.
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32,
) {
  let t = (group.x + group.y * 65535u) * 64u + index;
  let matrix = t / (p.m * p.n);
  if (matrix >= p.last) { return; }
  let row = t % (p.m * p.n) / p.n;
  let col = t % p.n;
  let base = base_of(matrix);
  let at = base.c + row * p.c_row + col * p.c_col;
  var sum = a[at];
  for (var part = 1u; part < p.sums; part++) { sum += a[at + part * p.c_part]; }
  store(base, row, col, sum);
}

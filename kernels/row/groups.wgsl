// Frame of the row kernels for short rows: ROWS of them a workgroup; it divides their number.
@compute @workgroup_size(WG * ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) slot: u32,
) {
  let first = (group.x + group.y * groups.x) * ROWS;
  if (first >= p.rows) { return; } // the same for the whole workgroup
  row_start = slot / WG * WG;
  row(first + slot / WG, slot % WG);
}

// Frame of the kernels that work on whole rows: a workgroup a row.
const ROWS = 1u;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = group.x + group.y * groups.x;
  if (index >= p.rows) { return; } // the same for the whole workgroup
  row(index, lane);
}

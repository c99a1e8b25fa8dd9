// Frame of the kernels that do one item a thread: `item(i)` for i < p.threads.
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.x + id.y * groups.x * 64u;
  if (i < p.threads) { item(i); }
}

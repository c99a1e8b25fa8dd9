// Frame of every elementwise kernel: one call of `element_block(i)` per thread, i < p.threads.
// The engine writes the bindings, the parameter block and `element_block` around the bodies.
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.x + id.y * groups.x * 64u;
  if (i < p.words[0].x) {
    element_block(i);
  }
}

// Frame of the elementwise kernels where four lanes run as one (SwiftShader): a lane calls
// `element_block(i)` for neighbours, once for each mark $i, from its first i < p.threads on. So
// memory is passed through in order, and there is no loop, in which whatever changes is masked.
fn zero_word() -> u32 { return p.words[0].z; }

@compute @workgroup_size(GROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = (id.x + id.y * groups.x * GROUP) * p.words[0].w;
  if (i < p.words[0].x) {
    element_block(i + $iu);
  }
}

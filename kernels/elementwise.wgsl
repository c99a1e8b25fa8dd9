// Frame of every elementwise kernel: one call of `element_block(i)` for each i < p.threads. A lane
// takes as many blocks as the host says, each STEP from the last: so neighbouring lanes, of which
// STEP run together, stay on neighbouring blocks.
// The engine writes the bindings, the parameter block and `element_block` around the bodies.
fn zero_word() -> u32 { return p.words[0].z; }

@compute @workgroup_size(GROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let turns = p.words[0].w;
  let first = (group.x + group.y * groups.x) * GROUP + lane / STEP * STEP;
  var i = first * turns + lane % STEP;
  for (var turn = 0u; turn < turns; turn++) {
    if (i < p.words[0].x) {
      element_block(i);
    }
    i += STEP;
  }
}

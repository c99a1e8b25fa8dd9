// y[row, chunk] = fold of x[row, part of length]: LANES lanes a chunk, ROWS chunks a workgroup.
// Lanes stride through their chunk, then SHARE of them merge what all have, and one merges those:
// two barriers. The order of merging depends on nothing but the sizes.
var<workgroup> lanes: array<A, LANES * ROWS>;

@compute @workgroup_size(LANES * ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) slot: u32,
) {
  let lane = slot % LANES;
  let index = (group.x + group.y * groups.x) * ROWS + slot / LANES;
  let live = index < p.outer * p.chunks;
  let begin = (index % p.chunks) * p.chunk;
  let end = select(begin, min(begin + p.chunk, p.length), live);
  let base = p.offset + index / p.chunks * p.length;
  var sum = identity();
  for (var k = begin + lane; k < end; k += LANES) { sum = merge(sum, load(base + k, k)); }
  lanes[slot] = sum;
  workgroupBarrier();
  if (lane < SHARE) {
    for (var other = SHARE; other < LANES; other += SHARE) {
      sum = merge(sum, lanes[slot + other]);
    }
    lanes[slot] = sum;
  }
  workgroupBarrier();
  if (lane == 0u && live) {
    for (var other = 1u; other < SHARE; other++) { sum = merge(sum, lanes[slot + other]); }
    y[index] = result(index, sum);
  }
}

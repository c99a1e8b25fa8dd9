// y[row, chunk] = fold of x[row, part of length]: one workgroup a chunk, lanes stride through it,
// then halve their number. Order of merging depends on nothing but the sizes.
var<workgroup> lanes: array<A, WG>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = group.x + group.y * groups.x;
  if (index >= p.outer * p.chunks) { return; } // the same for the whole workgroup
  let row = index / p.chunks;
  let begin = (index % p.chunks) * p.chunk;
  let end = min(begin + p.chunk, p.length);
  var sum = identity();
  for (var k = begin + lane; k < end; k += WG) {
    sum = merge(sum, load(p.offset + row * p.length + k, k));
  }
  lanes[lane] = sum;
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half /= 2u) {
    if (lane < half) { lanes[lane] = merge(lanes[lane], lanes[lane + half]); }
    workgroupBarrier();
  }
  if (lane == 0u) { y[index] = result(lanes[0]); }
}

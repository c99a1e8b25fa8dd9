// y[outer, chunk, inner] = fold of x[outer, part of length, inner]: one thread a column, in order.
@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let index = id.x + id.y * groups.x * WG;
  if (index >= p.outer * p.chunks * p.inner) { return; }
  let column = index % p.inner;
  let rest = index / p.inner;
  let begin = (rest % p.chunks) * p.chunk;
  let end = min(begin + p.chunk, p.length);
  let base = p.offset + (rest / p.chunks) * p.length * p.inner + column;
  var sum = identity();
  for (var k = begin; k < end; k++) {
    sum = merge(sum, load(base + k * p.inner, k));
  }
  y[index] = result(sum);
}

// y[outer, chunk, inner] = fold of x[outer, part of length, inner]: one thread a column, or as many
// as the sums S of single.wgsl or four.wgsl take; in order, by blocks so that a long sum keeps its
// digits. A line with $j stands for RUN copies, each with a sum of its own, so that as many loads
// are under way (engine/unroll.ts).
const BLOCK = 256u; // a multiple of RUN

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let index = id.x + id.y * groups.x * WG;
  if (index >= p.outer * p.chunks * p.inner) { return; }
  let rest = index / p.inner;
  let begin = (rest % p.chunks) * p.chunk;
  let end = min(begin + p.chunk, p.length);
  let base = p.offset + (rest / p.chunks) * p.length * p.inner + index % p.inner;
  var sum = none();
  for (var k = begin; k < end;) {
    let stop = min(k + BLOCK, end);
    var part$j = none();
    for (; k + RUN <= stop; k += RUN) {
      part$j = take(part$j, base + (k + $ju) * p.inner, k + $ju);
    }
    for (; k < stop; k++) { part0 = take(part0, base + k * p.inner, k); }
    sum = join(sum, part$j);
  }
  put(index, sum);
}

// First pass over packs of four neighbours along the fold: they enter as one accumulator.
alias X = vec4<T>;
fn load(at: u32, k: u32) -> A {
  let v = source(at);
  return merge(merge(lift(v.x, 4u * k), lift(v.y, 4u * k + 1u)),
    merge(lift(v.z, 4u * k + 2u), lift(v.w, 4u * k + 3u)));
}

// The sums of four neighbouring columns, elements of which are loaded together.
alias X = vec4<T>;
struct S { x: A, y: A, z: A, w: A }
fn none() -> S { return S(identity(), identity(), identity(), identity()); }
fn join(a: S, b: S) -> S {
  return S(merge(a.x, b.x), merge(a.y, b.y), merge(a.z, b.z), merge(a.w, b.w));
}
fn take(a: S, at: u32, k: u32) -> S {
  let v = source(at);
  return join(a, S(lift(v.x, k), lift(v.y, k), lift(v.z, k), lift(v.w, k)));
}
fn put(i: u32, a: S) {
  y[4u * i] = result(4u * i, a.x);
  y[4u * i + 1u] = result(4u * i + 1u, a.y);
  y[4u * i + 2u] = result(4u * i + 2u, a.z);
  y[4u * i + 3u] = result(4u * i + 3u, a.w);
}

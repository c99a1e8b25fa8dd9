// Index of the largest element; the first of equals, and the first NaN if there is one.
// The accumulator is (bits of the value, index + 1); 0 in the second means nothing seen yet.
alias A = vec2<u32>;
fn identity() -> A { return vec2<u32>(0u, 0u); }
fn lift(x: T, k: u32) -> A { return vec2<u32>(bitcast<u32>(x), k + 1u); }
fn merge(a: A, b: A) -> A {
  if (a.y == 0u) { return b; }
  if (b.y == 0u) { return a; }
  let first = select(b, a, a.y < b.y);
  let second = select(a, b, a.y < b.y);
  let keep = wins_max(bitcast<T>(first.x), bitcast<T>(second.x));
  return select(second, first, keep);
}
fn finish(a: A) -> R { return R(a.y) - 1; }

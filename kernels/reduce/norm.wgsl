// Square root of the sum of squares, over the whole range of f32. The accumulator is a sum of
// squares of x 2^(-88 bin): numbers above 2^40 have bin 1, those below 2^-40 bin -1, others 0.
// A sum moves up exactly, or to nothing where it would not count (Blue, ACM TOMS 4, 1978).
struct A { bin: f32, sum: f32 }
const UP = 309485009821345068724781056.0; // 2^88
const DOWN = 3.2311742677852644e-27; // 2^-88
fn identity() -> A { return A(-1.0, 0.0); }
fn lift(x: T, k: u32) -> A {
  let size = abs(x);
  let bin = select(select(1.0, 0.0, size <= 1.0995116e12), -1.0, size < 9.094947e-13);
  let y = x * select(select(1.0, DOWN, bin > 0.0), UP, bin < 0.0);
  return A(bin, y * y);
}
fn moved(a: A, bin: f32) -> f32 {
  let step = select(1.0, DOWN, bin > a.bin);
  return a.sum * step * step * select(1.0, 0.0, bin > a.bin + 1.0);
}
fn merge(a: A, b: A) -> A {
  let bin = max(a.bin, b.bin);
  return A(bin, moved(a, bin) + moved(b, bin));
}
fn finish(a: A) -> R {
  return sqrt(a.sum) * select(select(1.0, UP, a.bin > 0.0), DOWN, a.bin < 0.0);
}

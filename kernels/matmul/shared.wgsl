// Shared by the matmul kernels: C = epilogue(alpha A B + beta D), batched, any strides. Parameters,
// the place of a workgroup, and what becomes of a sum. A and B are f32 or f16. Text before this one
// declares the aliases InA and InB (what their bindings hold) and Extra (words of the epilogue),
// the binding of the parameters `p` and the constants named here.
struct Params {
  m: u32, n: u32, k: u32, span: u32, // span: terms of one part of the sum
  alpha: f32, beta: f32, a_row: u32, a_col: u32,
  b_row: u32, b_col: u32, d_row: u32, d_col: u32,
  batch: vec4<u32>, // first matrix of this dispatch, then the sizes of three batch axes
  a_batch: vec4<u32>, // offset, then the strides of the batch axes
  b_batch: vec4<u32>,
  d_batch: vec4<u32>,
  first: vec2<u32>, // column and row of this dispatch's first workgroup
  last: u32, // one past the last matrix, counting each part of a sum
  parts: u32, // of a sum
  c_row: u32, c_col: u32, c_part: u32, // strides of C; elements of one part of all sums
  sums: u32, // parts that the second pass adds up
  each: vec2<u32>, // columns and rows of a thread: a loop to here is not unrolled by a compiler
  zero: u32, unused: u32,
  extra: Extra,
}
@group(0) @binding(0) var<storage, read> a: array<InA>;
@group(0) @binding(1) var<storage, read> b: array<InB>;
@group(0) @binding(2) var<storage, read> d: array<f32>;

// One matrix of the batch, or one part of its sums.
struct Base {
  a: u32, b: u32, c: u32, d: u32, // offsets of the operands
  k: u32, k_end: u32, // the terms to sum
  at: vec4<u32>, // 1, then the place in three batch axes
}

fn zero_word() -> u32 { return p.zero; }

fn sum4(v: vec4<u32>) -> u32 { return v.x + v.y + v.z + v.w; }

fn base_of(group: u32) -> Base {
  let z = group + p.batch.x;
  let index = z / p.parts;
  let part = z % p.parts;
  let rest = index / p.batch.w;
  let at = vec4<u32>(1u, rest / p.batch.z, rest % p.batch.z, index % p.batch.w);
  return Base(
    sum4(p.a_batch * at), sum4(p.b_batch * at), index * p.m * p.n + part * p.c_part,
    sum4(p.d_batch * at), part * p.span, min(p.k, (part + 1u) * p.span), at,
  );
}

// Row and column at which a workgroup's tile of HIGH x WIDE begins. Of a symmetric result only
// tiles that reach the diagonal or lie above it have a workgroup, numbered down one column of
// tiles after the other; in column c there are RATIO (c + 1).
fn corner(group: vec3<u32>) -> vec2<u32> {
  if (!SYMMETRIC) { return (group.xy + p.first).yx * vec2<u32>(HIGH, WIDE); }
  let index = group.x + group.y * 65535u;
  var c = u32((sqrt(8.0 * f32(index / RATIO) + 1.0) - 1.0) / 2.0); // may be one off
  while (RATIO * (c * (c + 1u) / 2u) > index) { c--; }
  while (RATIO * ((c + 1u) * (c + 2u) / 2u) <= index) { c++; }
  return vec2<u32>((index - RATIO * (c * (c + 1u) / 2u)) * HIGH, c * WIDE);
}

// The element of the product that a whole sum gives.
fn finished(base: Base, row: u32, col: u32, sum: f32) -> f32 {
  var y = p.alpha * sum;
  if (HAS_D) { y += p.beta * d[base.d + row * p.d_row + col * p.d_col]; }
  return y;
}

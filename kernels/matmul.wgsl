// Shared by the matmul kernels: C = epilogue(alpha A B + beta D), batched, any strides, C
// row-major. Bindings, parameters, and the store of one element. A and B are f32 or f16.
struct Params {
  m: u32, n: u32, k: u32, zero: u32,
  alpha: f32, beta: f32, a_row: u32, a_col: u32,
  b_row: u32, b_col: u32, d_row: u32, d_col: u32,
  batch: vec4<u32>, // first matrix of this dispatch, then the sizes of three batch axes
  a_batch: vec4<u32>, // offset, then the strides of the batch axes
  b_batch: vec4<u32>,
  d_batch: vec4<u32>,
  first: vec2<u32>, // column and row of this dispatch's first workgroup
}
@group(0) @binding(0) var<storage, read> a: array<InA>;
@group(0) @binding(1) var<storage, read> b: array<InB>;
@group(0) @binding(2) var<storage, read> d: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

// Offsets of one matrix of the batch.
struct Base { a: u32, b: u32, c: u32, d: u32 }

fn sum4(v: vec4<u32>) -> u32 { return v.x + v.y + v.z + v.w; }

fn base_of(group: u32) -> Base {
  let index = group + p.batch.x;
  let rest = index / p.batch.w;
  let at = vec4<u32>(1u, rest / p.batch.z, rest % p.batch.z, index % p.batch.w);
  return Base(sum4(p.a_batch * at), sum4(p.b_batch * at), index * p.m * p.n, sum4(p.d_batch * at));
}

// Stores one element of a row that is inside; HAS_D and SYMMETRIC are constants.
fn store(base: Base, row: u32, col: u32, sum: f32) {
  if (col < p.n && !(SYMMETRIC && col < row)) {
    var y = p.alpha * sum;
    if (HAS_D) { y += p.beta * d[base.d + row * p.d_row + col * p.d_col]; }
    y = epilogue(y);
    c[base.c + row * p.n + col] = y;
    if (SYMMETRIC) { c[base.c + col * p.n + row] = y; }
  }
}

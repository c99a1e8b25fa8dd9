// Shared by the attention kernels. A pass goes over weights w[row, column] made from the scores
// s = scale a[row] . b[column] + mask, and sums w c[column] for each row; no score is written.
//   FORWARD:      w = exp(s - log-sum-exp), c = y; rows are queries; gives the log-sum-exp too
//   GRAD:         w = scale exp(s - lse) (x[row] . y[column] - delta), c = b
//   neither:      w = exp(s - lse), c = y
// BY_KEYS: rows are keys and columns queries. CAUSAL: query i sees keys up to i + reach.
// MASK: 0 none, 1 zero hides a key, 2 added to the score (bits of f32).
struct Params {
  threads: u32, rows: u32, columns: u32, dim: u32,
  width: u32, across: u32, lse_at: u32, delta_at: u32,
  reach: i32, scale: f32, sums_at: u32, zero: u32,
  sizes: vec4<u32>, // zero, then the sizes of three batch axes
  a_from: vec4<u32>, // offset, then the strides of the batch axes
  b_from: vec4<u32>,
  x_from: vec4<u32>,
  y_from: vec4<u32>,
  mask_from: vec4<u32>,
  a_step: vec2<u32>, // strides along rows (or columns) and along the sums
  b_step: vec2<u32>,
  x_step: vec2<u32>,
  y_step: vec2<u32>,
  mask_step: vec2<u32>, // along rows and columns
}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> y: array<f32>;
@group(0) @binding(4) var<storage, read> mask: array<u32>;
@group(0) @binding(5) var<storage, read> lse: array<f32>;
@group(0) @binding(6) var<storage, read> delta: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;

// Scores below LOWEST count as hidden; HIDDEN gives weight 0 whatever the row's largest score.
const LOWEST = -1e30;
const HIDDEN = -2e30;

// Offsets of one matrix of the batch.
struct Base { index: u32, a: u32, b: u32, x: u32, y: u32, mask: u32 }

fn sum4(v: vec4<u32>) -> u32 { return v.x + v.y + v.z + v.w; }

fn base_of(index: u32) -> Base {
  let rest = index / p.sizes.w;
  let at = vec4<u32>(1u, rest / p.sizes.z, rest % p.sizes.z, index % p.sizes.w);
  return Base(index, sum4(p.a_from * at), sum4(p.b_from * at), sum4(p.x_from * at),
    sum4(p.y_from * at), sum4(p.mask_from * at));
}

// The four rows from one on, the last one in place of those beyond it.
fn rows_from(row: u32) -> vec4<u32> {
  return min(vec4<u32>(row, row + 1u, row + 2u, row + 3u), vec4<u32>(p.rows - 1u));
}

// First column that any of `count` rows sees, and the one after the last.
fn span_of(row: u32, count: u32) -> vec2<u32> {
  if (!CAUSAL) { return vec2<u32>(0u, p.columns); }
  let most = i32(p.columns);
  if (BY_KEYS) { return vec2<u32>(u32(clamp(i32(row) - p.reach, 0, most)), p.columns); }
  return vec2<u32>(0u, u32(clamp(i32(row + count) + p.reach, 0, most)));
}

// Scores of four rows with one column, from their products.
fn scores(dots: vec4<f32>, rows: vec4<u32>, column: u32, base: Base) -> vec4<f32> {
  var s = p.scale * dots;
  if (MASK > 0u) {
    let at = base.mask + rows * p.mask_step.x + min(column, p.columns - 1u) * p.mask_step.y;
    let bits = vec4<u32>(mask[at.x], mask[at.y], mask[at.z], mask[at.w]);
    if (MASK == 1u) { s = select(vec4<f32>(HIDDEN), s, bits != vec4<u32>()); }
    if (MASK == 2u) { s += bitcast<vec4<f32>>(bits); }
  }
  if (CAUSAL) {
    let gap = vec4<i32>(rows) - i32(column); // from key to query, or back
    s = select(s, vec4<f32>(HIDDEN), select(-gap, gap, BY_KEYS) > vec4<i32>(p.reach));
  }
  return select(s, vec4<f32>(HIDDEN), column >= p.columns);
}

// What the columns' numbers are weighed by in a pass back; `g` are the products x . y.
fn back_weights(s: vec4<f32>, g: vec4<f32>, rows: vec4<u32>, column: u32, base: Base) -> vec4<f32> {
  var at = base.index * p.rows + rows;
  if (BY_KEYS) { at = vec4<u32>(base.index * p.columns + min(column, p.columns - 1u)); }
  let near = at + p.lse_at;
  let w = exp(s - vec4<f32>(lse[near.x], lse[near.y], lse[near.z], lse[near.w]));
  if (!GRAD) { return w; }
  let d = at + p.delta_at;
  return p.scale * w * (g - vec4<f32>(delta[d.x], delta[d.y], delta[d.z], delta[d.w]));
}

// 1 / sum; 0 for a row that sees nothing.
fn share(sum: vec4<f32>) -> vec4<f32> {
  return select(1.0 / sum, vec4<f32>(), sum == vec4<f32>());
}

// Log-sum-exp; for a row that sees nothing, so much that every weight is 0.
fn log_sum(top: vec4<f32>, sum: vec4<f32>) -> vec4<f32> {
  return select(top + log(sum), vec4<f32>(-LOWEST), sum == vec4<f32>());
}

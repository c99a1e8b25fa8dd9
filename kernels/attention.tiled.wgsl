// One pass of attention by tiles of 32 rows and 32 columns: 8 x 8 threads, 4 x 4 weights each; the
// sums for its rows and 8 by 8 of 8 RUN places lie in a thread's registers. Products run over
// their length in order, in workgroup memory 16 at a time; columns are merged in order.
// A line with $j stands for RUN copies (engine/unroll.ts).
const DEPTH = 16u;
var<workgroup> left: array<array<vec4<f32>, 17>, 8>; // by rows / 4; 17 keeps banks apart
var<workgroup> right: array<array<vec4<f32>, 17>, 8>;
var<workgroup> parts: array<array<vec4<f32>, 8>, 8>;
var<workgroup> weights: array<array<vec4<f32>, 8>, 32>;

// Four numbers along k, one of each row.
fn left4(second: bool, base: Base, row: u32, k: u32) -> vec4<f32> {
  if (second) {
    let at = base.x + rows_from(row) * p.x_step.x + k * p.x_step.y;
    return vec4<f32>(x[at.x], x[at.y], x[at.z], x[at.w]);
  }
  let at = base.a + rows_from(row) * p.a_step.x + k * p.a_step.y;
  return vec4<f32>(a[at.x], a[at.y], a[at.z], a[at.w]);
}

fn right4(second: bool, base: Base, column: u32, k: u32) -> vec4<f32> {
  let columns = min(vec4<u32>(column, column + 1u, column + 2u, column + 3u),
    vec4<u32>(p.columns - 1u));
  if (second) {
    let at = base.y + columns * p.y_step.x + k * p.y_step.y;
    return vec4<f32>(y[at.x], y[at.y], y[at.z], y[at.w]);
  }
  let at = base.b + columns * p.b_step.x + k * p.b_step.y;
  return vec4<f32>(b[at.x], b[at.y], b[at.z], b[at.w]);
}

// Products of 4 rows (along a vector) with 4 columns: a . b, or x . y.
fn product(second: bool, base: Base, row0: u32, col0: u32, index: u32) -> mat4x4<f32> {
  let length = select(p.dim, p.width, second);
  var sum = mat4x4<f32>();
  for (var k0 = 0u; k0 < length; k0 += DEPTH) {
    let k = index % DEPTH;
    for (var block = index / DEPTH; block < 8u; block += 4u) {
      left[block][k] = vec4<f32>();
      right[block][k] = vec4<f32>();
      if (k0 + k < length) {
        left[block][k] = left4(second, base, row0 + block * 4u, k0 + k);
        right[block][k] = right4(second, base, col0 + block * 4u, k0 + k);
      }
    }
    workgroupBarrier();
    for (var i = 0u; i < DEPTH; i++) {
      let u = left[index / 8u][i];
      let v = right[index % 8u][i];
      sum += mat4x4<f32>(u * v.x, u * v.y, u * v.z, u * v.w);
    }
    workgroupBarrier();
  }
  return sum;
}

fn value(base: Base, column: u32, c: u32) -> f32 {
  let at = min(c, p.across - 1u);
  if (GRAD) { return b[base.b + column * p.b_step.x + at * p.b_step.y]; }
  return y[base.y + column * p.y_step.x + at * p.y_step.y];
}

@compute @workgroup_size(8, 8)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) lane: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let task = group.x + group.y * groups.x;
  if (task >= p.threads) { return; } // the same for the whole workgroup
  let blocks = (p.rows + 31u) / 32u;
  let chunks = (p.across + 8u * RUN - 1u) / (8u * RUN);
  let base = base_of(task / (blocks * chunks));
  let row0 = (task % blocks) * 32u;
  let place = (task / blocks % chunks) * 8u * RUN + lane.x;
  let row = row0 + lane.y * 4u;
  let rows = rows_from(row);
  let span = span_of(row0, 32u);
  var top = vec4<f32>(LOWEST);
  var sum = vec4<f32>();
  var o$j = vec4<f32>();
  for (var col0 = span.x; col0 < span.y; col0 += 32u) {
    let column = col0 + lane.x * 4u;
    let dots = product(false, base, row0, col0, index);
    var w = mat4x4<f32>(scores(dots[0], rows, column, base),
      scores(dots[1], rows, column + 1u, base), scores(dots[2], rows, column + 2u, base),
      scores(dots[3], rows, column + 3u, base));
    var change = vec4<f32>(1.0);
    if (FORWARD) {
      parts[lane.x][lane.y] = max(max(w[0], w[1]), max(w[2], w[3]));
      workgroupBarrier();
      let before = top;
      for (var i = 0u; i < 8u; i++) { top = max(top, parts[i][lane.y]); }
      change = exp(before - top);
      w = mat4x4<f32>(exp(w[0] - top), exp(w[1] - top), exp(w[2] - top), exp(w[3] - top));
      sum = sum * change + ((w[0] + w[1]) + (w[2] + w[3]));
    } else {
      var g = mat4x4<f32>();
      if (GRAD) { g = product(true, base, row0, col0, index); }
      w = mat4x4<f32>(back_weights(w[0], g[0], rows, column, base),
        back_weights(w[1], g[1], rows, column + 1u, base),
        back_weights(w[2], g[2], rows, column + 2u, base),
        back_weights(w[3], g[3], rows, column + 3u, base));
    }
    weights[lane.x * 4u][lane.y] = w[0];
    weights[lane.x * 4u + 1u][lane.y] = w[1];
    weights[lane.x * 4u + 2u][lane.y] = w[2];
    weights[lane.x * 4u + 3u][lane.y] = w[3];
    workgroupBarrier();
    o$j *= change;
    let count = min(32u, p.columns - col0);
    for (var i = 0u; i < count; i++) {
      let u = weights[i][lane.y];
      o$j += u * value(base, col0 + i, place + $ju * 8u);
    }
    workgroupBarrier();
  }
  if (FORWARD) {
    parts[lane.x][lane.y] = sum;
    workgroupBarrier();
    sum = vec4<f32>();
    for (var i = 0u; i < 8u; i++) { sum += parts[i][lane.y]; }
    o$j *= share(sum);
    if (place == 0u) { store(p.sums_at + base.index * p.rows, 1u, row, log_sum(top, sum)); }
  }
  let to = base.index * p.rows * p.across + place;
  if (place + $ju * 8u < p.across) { store(to + $ju * 8u, p.across, row, o$j); }
}

// Four numbers into the rows that there are.
fn store(to: u32, step: u32, row: u32, value: vec4<f32>) {
  let at = to + row * step;
  if (row < p.rows) { out[at] = value.x; }
  if (row + 1u < p.rows) { out[at + step] = value.y; }
  if (row + 2u < p.rows) { out[at + 2u * step] = value.z; }
  if (row + 3u < p.rows) { out[at + 3u * step] = value.w; }
}

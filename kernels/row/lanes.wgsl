// Frame of the kernels that work on whole rows: one workgroup a row, lanes stride through it.
var<workgroup> lane_sums: array<f32, WG>;

fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

// Larger of two, NaN if one is; told by the bits, since compilers may assume there is no NaN.
fn nan_max(a: f32, b: f32) -> f32 {
  if (is_nan(a)) { return a; }
  if (is_nan(b)) { return b; }
  return max(a, b);
}

// Every lane gets the sum over the lanes, in a fixed order.
fn sum_lanes(value: f32, lane: u32) -> f32 {
  lane_sums[lane] = value;
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half /= 2u) {
    if (lane < half) { lane_sums[lane] += lane_sums[lane + half]; }
    workgroupBarrier();
  }
  let total = lane_sums[0];
  workgroupBarrier();
  return total;
}

// Every lane gets the maximum over the lanes.
fn max_lanes(value: f32, lane: u32) -> f32 {
  lane_sums[lane] = value;
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half /= 2u) {
    if (lane < half) { lane_sums[lane] = nan_max(lane_sums[lane], lane_sums[lane + half]); }
    workgroupBarrier();
  }
  let top = lane_sums[0];
  workgroupBarrier();
  return top;
}

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = group.x + group.y * groups.x;
  if (index >= p.rows) { return; } // the same for the whole workgroup
  row(index, lane);
}

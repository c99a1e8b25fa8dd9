// What the WG lanes of a row do together, for the frames group.wgsl and groups.wgsl: they exchange
// numbers in two steps, by SHARE of them, with three barriers.
var<workgroup> lane_sums: array<vec2<f32>, WG * ROWS>;
var<private> row_start: u32; // in lane_sums

// Every lane of a row gets the sums over its lanes, in a fixed order.
fn sum_pairs(value: vec2<f32>, lane: u32) -> vec2<f32> {
  var sum = value;
  lane_sums[row_start + lane] = sum;
  workgroupBarrier();
  if (lane < SHARE) {
    for (var i = lane + SHARE; i < WG; i += SHARE) { sum += lane_sums[row_start + i]; }
    lane_sums[row_start + lane] = sum;
  }
  workgroupBarrier();
  var all = lane_sums[row_start];
  for (var i = 1u; i < SHARE; i++) { all += lane_sums[row_start + i]; }
  workgroupBarrier();
  return all;
}

fn sum_lanes(value: f32, lane: u32) -> f32 { return sum_pairs(vec2<f32>(value, 0.0), lane).x; }

// Every lane of a row gets the maximum over its lanes.
fn max_lanes(value: f32, lane: u32) -> f32 {
  var top = value;
  lane_sums[row_start + lane].x = top;
  workgroupBarrier();
  if (lane < SHARE) {
    for (var i = lane + SHARE; i < WG; i += SHARE) {
      top = nan_max(top, lane_sums[row_start + i].x);
    }
    lane_sums[row_start + lane].x = top;
  }
  workgroupBarrier();
  var all = lane_sums[row_start].x;
  for (var i = 1u; i < SHARE; i++) { all = nan_max(all, lane_sums[row_start + i].x); }
  workgroupBarrier();
  return all;
}

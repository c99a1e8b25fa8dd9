// y[r, :] = the nearest point to x[r, :] with sum |y_i|^power <= radius^power, for power >= 1.
struct Params { rows: u32, width: u32, x_at: u32, radius: f32, power: f32, zero: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn row(r: u32, lane: u32) {
  let base = p.x_at + r * p.width;
  var largest = 0.0;
  var size = 0.0;
  for (var i = lane; i < p.width; i += WG) {
    let z = abs(x[base + i]) / p.radius;
    largest = nan_max(largest, z);
    size += power_of(z);
  }
  largest = max_lanes(largest, lane);
  size = sum_lanes(size, lane);
  let t = solve(base, lane, largest);
  for (var i = lane; i < p.width; i += WG) {
    let a = x[base + i];
    var near = sign(a) * shrunk(abs(a) / p.radius, t) * p.radius;
    if (size <= 1.0) { near = a; }
    if (is_nan(size)) { near = bitcast<f32>(0x7fc00000u + p.zero); }
    y[r * p.width + i] = near;
  }
}

fn power_of(z: f32) -> f32 {
  if (z == 0.0) { return 0.0; }
  return select(pow(z, p.power), z, LINEAR);
}

// What the projection does with one entry z >= 0, radius 1. LINEAR: takes t off. Otherwise solves
// w + 2^t w^(power - 1) = z for w, by halving an interval of log2 w.
fn shrunk(z: f32, t: f32) -> f32 {
  if (LINEAR) { return max(z - t, 0.0); }
  if (z == 0.0) { return 0.0; }
  let q = p.power - 1.0;
  let a = log2(z);
  var high = min(a, (a - t) / q);
  var low = min(a - 1.0, (a - t - 1.0) / q);
  for (var k = 0; k < 26; k++) {
    let mid = 0.5 * (low + high);
    if (exp2(mid) + exp2(t + q * mid) < z) { low = mid; } else { high = mid; }
  }
  return exp2(0.5 * (low + high));
}

// The t for which the shrunk entries are on the sphere of radius 1. The loops have a fixed length,
// since they hold barriers.
fn solve(base: u32, lane: u32, largest: f32) -> f32 {
  var low = select(-30.0, 0.0, LINEAR);
  var high = select(log2(largest) + log2(f32(p.width)) + 1.0, largest, LINEAR);
  for (var k = 0; k < 36; k++) {
    let mid = 0.5 * (low + high);
    var size = 0.0;
    var count = 0.0;
    for (var i = lane; i < p.width; i += WG) {
      let near = shrunk(abs(x[base + i]) / p.radius, mid);
      size += power_of(near);
      count += select(0.0, 1.0, near > 0.0);
    }
    size = sum_lanes(size, lane);
    count = sum_lanes(count, lane);
    if (size < 1.0) { high = mid; } else { low = mid; }
    // a tangent of the convex sum never goes past its root
    if (LINEAR && count > 0.0) { low = max(low, mid + (size - 1.0) / count); }
  }
  return select(0.5 * (low + high), low, LINEAR);
}

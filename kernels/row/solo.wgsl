// Frame of the row kernels where a barrier is dear: one thread a row, so nothing to exchange.
fn sum_pairs(value: vec2<f32>, lane: u32) -> vec2<f32> { return value; }

fn sum_lanes(value: f32, lane: u32) -> f32 { return value; }

fn max_lanes(value: f32, lane: u32) -> f32 { return value; }

@compute @workgroup_size(ROWS)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let index = id.x + id.y * groups.x * ROWS;
  if (index < p.rows) { row(index, 0u); }
}

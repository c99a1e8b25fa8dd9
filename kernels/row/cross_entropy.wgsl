// loss[r] = log(sum(exp(x[r, :] - x[r, label]))); 0 where the label is to be ignored, NaN where it
// is out of range. Written around the largest logit so that a small loss keeps its digits.
struct Params { rows: u32, width: u32, x_at: u32, label_at: u32, ignore: i32, zero: u32,
  fault: u32 }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>, 4>;
@group(0) @binding(4) var<uniform> p: Params;

fn row(r: u32, lane: u32) {
  let label = labels[p.label_at + r];
  let known = label >= 0 && u32(label) < p.width;
  let others = other_exps(r, label, lane);
  if (lane == 0u) {
    let gap = others.top - others.at_label;
    var y = gap + log_1p_exp_sum(others.sum, gap);
    if (!known) {
      y = bitcast<f32>(0x7fc00000u + p.zero);
      if (label != p.ignore) { note_fault(p.fault, label, p.width); }
    }
    loss[r] = select(y, 0.0, label == p.ignore);
  }
}

// log(others + exp(-gap)) for gap >= 0; exact to rounding also where the sum is 1 + little.
fn log_1p_exp_sum(others: f32, gap: f32) -> f32 {
  if (gap == 0.0 && others < 0.5) { return log1p_f32(others); }
  let sum = others + exp(-gap);
  return log_ends(sum, log(sum));
}

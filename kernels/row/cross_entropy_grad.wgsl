// dx[r, j] = dy[r] p_j for j != label, and -dy[r] sum of those p_j at the label, for
// p = softmax(x[r, :]). Never p - 1: that cancels to 0 once the margin passes 16.
struct Params { rows: u32, width: u32, x_at: u32, label_at: u32, dy_at: u32, ignore: i32,
  zero: u32 }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<V>;
@group(0) @binding(4) var<uniform> p: Params;

fn row(r: u32, lane: u32) {
  let label = labels[p.label_at + r];
  let known = label >= 0 && u32(label) < p.width;
  let others = other_exps(r, label, lane);
  let sum = others.sum + exp(others.at_label - others.top);
  var factor = if_usable(sum, dy[p.dy_at + r] / sum);
  if (!known) { factor = bitcast<f32>(0x7fc00000u + p.zero); }
  if (label == p.ignore) { factor = 0.0; }
  for (var i = lane; i < others.packs; i += WG * RUN) {
    let e$i = exp(x[others.from_x + i + $iu * WG] - others.top);
    let own$i = places(i + $iu * WG) == U(others.label_at);
    dx[r * others.packs + i + $iu * WG] = select(e$i, V(-others.sum), own$i) * factor;
  }
}

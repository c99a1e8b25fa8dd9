// y[r] = log(sum(exp(x[r, :]))), from the largest element.
struct Params { rows: u32, width: u32, x_at: u32, zero: u32, extra: Extra }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn row(r: u32, lane: u32) {
  let packs = p.width / PACK;
  let from_x = p.x_at / PACK + r * packs;
  var exps = no_exps();
  for (var i = lane; i < packs; i += WG * RUN) {
    exps = add_exps(
      exps,
      x[from_x + i + $iu * WG], B(true),
    );
  }
  exps = join_exps(exps, lane);
  if (lane == 0u) {
    let log_sum = exps.top + log_ends(exps.sum, log(exps.sum));
    y[r] = epilogue(ONLY, r, 0u, r, log_sum);
  }
}

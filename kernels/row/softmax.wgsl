// y[r, :] = softmax(scale x[r, :]); CAUSAL keeps the columns up to r % queries + width - queries.
struct Params { rows: u32, width: u32, queries: u32, scale: f32, x_at: u32, zero: u32,
  extra: Extra }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> y: array<V>;

fn row(r: u32, lane: u32) {
  let packs = p.width / PACK;
  let from_x = p.x_at / PACK + r * packs;
  var end = p.width;
  if (CAUSAL) { end = p.width - p.queries + r % p.queries + 1u; }
  var exps = no_exps();
  for (var i = lane; i * PACK < end; i += WG * RUN) {
    exps = add_exps(
      exps,
      p.scale * x[from_x + i + $iu * WG], seen(i + $iu * WG, end),
    );
  }
  exps = join_exps(exps, lane);
  let factor = if_usable(exps.sum, 1.0 / exps.sum);
  for (var i = lane; i < packs; i += WG * RUN) {
    let e$i = exp(p.scale * x[from_x + i + $iu * WG] - exps.top) * factor;
    let v$i = select(V(), e$i, seen(i + $iu * WG, end));
    y[r * packs + i + $iu * WG] = finished(r, i + $iu * WG, v$i);
  }
}

fn seen(i: u32, end: u32) -> B {
  if (CAUSAL) { return places(i) < U(end); }
  return B(true);
}

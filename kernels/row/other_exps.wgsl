// For the cross-entropy and its gradient: exp(top) sum = the sum of exp over a row of x but for its
// label, top being no less than at the label, too.
struct Others { top: f32, sum: f32, at_label: f32, label_at: u32, from_x: u32, packs: u32 }

fn other_exps(r: u32, label: i32, lane: u32) -> Others {
  let packs = p.width / PACK;
  let from_x = p.x_at / PACK + r * packs;
  let label_at = u32(clamp(label, 0, i32(p.width) - 1));
  var exps = no_exps();
  for (var i = lane; i < packs; i += WG * RUN) {
    exps = add_exps(
      exps,
      x[from_x + i + $iu * WG], places(i + $iu * WG) != U(label_at),
    );
  }
  exps = join_exps(exps, lane);
  let at_label = pick(x[from_x + label_at / PACK], label_at % PACK);
  let top = min(max(exps.top, at_label), MOST);
  return Others(top, exps.sum * exp(exps.top - top), at_label, label_at, from_x, packs);
}

// atan(q) for 0 <= q <= 1, to rounding: the minimax polynomial of Cephes atanf below tan(pi / 8).
fn atan_unit(q: f32) -> f32 {
  let far = q > 0.41421356;
  let t = select(q, (q - 1.0) / (q + 1.0), far);
  let z = t * t;
  let y = t + t * z * (-3.33329491539e-1 + z * (1.99777106478e-1 + z * (-1.38776856032e-1
    + z * 8.05374449538e-2)));
  return select(y, y + 0.7853981633974483, far);
}

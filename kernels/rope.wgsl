// Rotary position embedding of x [rows, seq, 2 half]: pairs (j, j + half) turned by
// position * base^(-j / half), by `sign` times that angle; `reflect` mirrors the pair instead. A
// thread turns the pairs of one j and position in `each` rows, as they share the angle.
struct Params { threads: u32, seq: u32, half: u32, rows: u32, each: u32, x_at: u32, reflect: u32,
  sign: f32, log2_base: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  let j = i % p.half;
  let line = i / p.half;
  let position = line % p.seq;
  let first = line / p.seq * p.each;
  let angle = f32(position) * exp2(-f32(j) / f32(p.half) * p.log2_base);
  let turn = sincos(angle);
  let s = p.sign * turn.x;
  for (var row = first; row < min(first + p.each, p.rows); row++) {
    let at = (row * p.seq + position) * 2u * p.half + j;
    let lo = x[p.x_at + at];
    let hi = x[p.x_at + at + p.half];
    if (p.reflect != 0u) {
      y[at] = lo * turn.y + hi * s;
      y[at + p.half] = lo * s - hi * turn.y;
    } else {
      y[at] = lo * turn.y - hi * s;
      y[at + p.half] = lo * s + hi * turn.y;
    }
  }
}

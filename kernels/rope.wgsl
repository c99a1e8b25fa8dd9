// Rotary position embedding of x [rows, seq, 2 half]: pairs (j, j + half) turned by
// position * base^(-j / half), by `sign` times that angle. REFLECT mirrors the pair instead.
struct Params { threads: u32, seq: u32, half: u32, x_at: u32, reflect: u32, sign: f32,
  log2_base: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  let j = i % p.half;
  let row = i / p.half;
  let position = f32(row % p.seq);
  let at = row * 2u * p.half + j;
  let angle = position * exp2(-f32(j) / f32(p.half) * p.log2_base);
  let turn = sincos(angle);
  let lo = x[p.x_at + at];
  let hi = x[p.x_at + at + p.half];
  let s = p.sign * turn.x;
  if (p.reflect != 0u) {
    y[at] = lo * turn.y + hi * s;
    y[at + p.half] = lo * s - hi * turn.y;
  } else {
    y[at] = lo * turn.y - hi * s;
    y[at + p.half] = lo * s + hi * turn.y;
  }
}

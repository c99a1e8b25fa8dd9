// part k = packed[stretch of part k], in row-major order; the bits stay.
fn item(i: u32) {
  let at = 4u * i + vec4(0u, 1u, 2u, 3u);
  if (i < p.parts[$k].fours) {
    let part$k = p.parts[$k];
    let word$k = packed[part$k.start + i];
    x$k[place(part$k, at.x)] = word$k.x;
    if (at.y < part$k.size) { x$k[place(part$k, at.y)] = word$k.y; }
    if (at.z < part$k.size) { x$k[place(part$k, at.z)] = word$k.z; }
    if (at.w < part$k.size) { x$k[place(part$k, at.w)] = word$k.w; }
  } // of part $k
}

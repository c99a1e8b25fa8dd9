// packed[stretch of part k] = part k in row-major order, zeros up to the next; the bits stay.
fn item(i: u32) {
  let at = 4u * i + vec4(0u, 1u, 2u, 3u);
  if (i < p.parts[$k].fours) {
    let part$k = p.parts[$k];
    var word$k = vec4(x$k[place(part$k, at.x)], x$k[place(part$k, at.y)], 0u, 0u);
    word$k.z = x$k[place(part$k, at.z)];
    word$k.w = x$k[place(part$k, at.w)];
    packed[part$k.start + i] = select(vec4(0u), word$k, at < vec4(part$k.size));
  } // of part $k
}

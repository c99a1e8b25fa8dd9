// What both ways share: COUNT parts of a packed tensor, each a stretch of it and a matrix of any
// layout elsewhere. The engine declares the bindings; lines with $k stand for one part each. A
// thread does its four elements of every part, so that neighbours always do the same.
struct Part {
  start: u32, fours: u32, size: u32, // of the stretch, the first two in fours of elements
  offset: u32, width: u32, down: u32, across: u32, // of the matrix: first element, row, strides
  unused: u32,
}
struct Params { threads: u32, unused1: u32, unused2: vec2<u32>, parts: array<Part, COUNT> }
// Where a matrix has an element; the last one in place of those after it.
fn place(part: Part, number: u32) -> u32 {
  let at = min(number, part.size - 1u);
  let row = at / part.width;
  return part.offset + row * part.down + (at - row * part.width) * part.across;
}

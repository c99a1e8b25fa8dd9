// What is stored for the pack i of row r: the epilogue of each of its elements.
fn zero_word() -> u32 { return p.zero; }

fn finished(r: u32, i: u32, v: V) -> V {
  let col = 4u * i;
  let at = r * p.width + col;
  return V(
    epilogue(ONLY, r, col, at, v.x), epilogue(ONLY, r, col + 1u, at + 1u, v.y),
    epilogue(ONLY, r, col + 2u, at + 2u, v.z), epilogue(ONLY, r, col + 3u, at + 3u, v.w),
  );
}

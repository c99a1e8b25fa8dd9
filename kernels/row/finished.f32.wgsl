// What is stored for the element i of row r: the epilogue of it.
fn zero_word() -> u32 { return p.zero; }

fn finished(r: u32, i: u32, v: V) -> V { return epilogue(ONLY, r, i, r * p.width + i, v); }

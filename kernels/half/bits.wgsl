// Two 16-bit patterns in a word, moved as they are.
fn bits_load(word: u32) -> vec2<u32> { return vec2<u32>(word & 0xffffu, word >> 16u); }

fn bits_store(x: vec2<u32>) -> u32 { return x.x | (x.y << 16u); }

fn bits_at(word: u32, at: u32) -> u32 {
  let pair = bits_load(word);
  return select(pair.x, pair.y, (at & 1u) == 1u);
}

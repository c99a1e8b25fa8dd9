// Parameters of the reductions and what they write; `words` are those of the chain before the first
// pass, `extra` those of the chain after the last.
struct Params {
  outer: u32, length: u32, inner: u32, chunks: u32,
  chunk: u32, offset: u32, zero: u32, count: f32,
  words: Words, extra: Extra,
}

fn zero_word() -> u32 { return p.zero; }

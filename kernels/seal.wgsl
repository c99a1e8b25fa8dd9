// A result on its way to the next operation of a chain, hidden from the compiler behind a word that
// is 0 at run time: no product is contracted into the sum that follows it and no sum taken apart,
// so that a chain gives the bits that its operations give one by one.
fn seal(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) ^ zero_word()); }

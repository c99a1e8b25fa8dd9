// The epilogue that stores the result as it is. `place` is 1, then the place of the matrix in three
// axes of a batch; `at` is the index of the element in the result.
fn epilogue(place: vec4<u32>, row: u32, col: u32, at: u32, y: f32) -> f32 { return y; }

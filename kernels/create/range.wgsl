// start + i step, i the index of the element.
fn op(i: u32, start: T, step: T) -> T { return start + T(i) * step; }

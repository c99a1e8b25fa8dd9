// Weighted sum of two elements: averages, and the look ahead of Nesterov. In place, a step that is
// refused leaves x as it is.
fn op(x: T, y: T, a: T, b: T, refused: T) -> T { return select(a * x + b * y, x, refused != 0.0); }

// Weighted sum of two elements: averages, and the look ahead of Nesterov.
fn op(x: T, y: T, a: T, b: T) -> T { return a * x + b * y; }

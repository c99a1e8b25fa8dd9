// One constant for every element.
fn op(value: T) -> T { return value; }

// The number of the last step at which a flag was set.
fn op(mark: T, flag: T, step: T) -> T { return select(mark, step, flag != T(0)); }

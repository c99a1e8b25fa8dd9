// Complement of the Gauss error function.
fn op(x: T) -> T { return erfc_f32(x); }

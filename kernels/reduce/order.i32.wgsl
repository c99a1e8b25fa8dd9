// Order of signed integers.
fn lowest() -> i32 { return -2147483647 - 1; }
fn highest() -> i32 { return 2147483647; }
fn wins_max(a: i32, b: i32) -> bool { return a >= b; }
fn wins_min(a: i32, b: i32) -> bool { return a <= b; }

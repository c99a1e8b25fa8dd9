// Order of unsigned integers.
fn lowest() -> u32 { return 0u; }
fn highest() -> u32 { return 4294967295u; }
fn wins_max(a: u32, b: u32) -> bool { return a >= b; }
fn wins_min(a: u32, b: u32) -> bool { return a <= b; }

//! The `bursar` binary.
fn main() {}

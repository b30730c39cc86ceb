//! Writes the generated documents, or checks that the committed ones are up to date.
fn main() {}

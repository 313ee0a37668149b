//! Everything that a person or a continuous integration runs.

fn main() {}

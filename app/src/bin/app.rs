//! The interface.

fn main() {}

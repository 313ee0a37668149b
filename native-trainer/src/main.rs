//! RepGeo on the command line.

fn main() {}

//! The engine: a web worker that owns all tensors.

fn main() {}

//! The engine without a device: a web worker that owns all tensors and computes on the processor.

#[cfg(target_arch = "wasm32")]
fn main() {
    repgeo_app::engine::start();
}

/// Only a browser runs this program.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}

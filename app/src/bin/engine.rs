//! The engine: a web worker that owns all tensors.

#[cfg(target_arch = "wasm32")]
fn main() {
    repgeo_app::engine::start();
}

/// Only a browser runs this program.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}

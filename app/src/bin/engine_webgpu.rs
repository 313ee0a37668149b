//! The engine with WebGPU: the same web worker, which can compute on the graphics card as well.

#[cfg(target_arch = "wasm32")]
fn main() {
    repgeo_app::engine::start();
}

/// Only a browser runs this program.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}

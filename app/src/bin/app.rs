//! The interface.

#[cfg(target_arch = "wasm32")]
fn main() {
    repgeo_app::interface::start();
}

/// Only a browser runs this program.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}

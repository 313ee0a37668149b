//! The engine: a web worker that owns all tensors. It serves one request after another; only a request to cancel is heard
//! while another is served.

mod holdings;
mod shards;
mod summary;

#[cfg(all(target_arch = "wasm32", feature = "engine"))]
mod device;
#[cfg(all(target_arch = "wasm32", feature = "engine"))]
mod fetch;
#[cfg(all(target_arch = "wasm32", feature = "engine"))]
mod port;
#[cfg(all(target_arch = "wasm32", feature = "engine"))]
mod run;
#[cfg(all(target_arch = "wasm32", feature = "engine"))]
mod serve;
#[cfg(all(target_arch = "wasm32", feature = "engine"))]
mod watcher;

#[cfg(test)]
mod preparation_tests;

pub use holdings::{Holdings, Opening};
#[cfg(all(target_arch = "wasm32", feature = "engine"))]
pub use serve::start;

//! The RepGeo browser explorer: an interface on the page and an engine in a web worker.
//!
//! [`protocol`] is what they say to each other, [`state`] is what the interface knows and does, without a browser, so
//! that it is tested natively. The views that show it are in `interface`, the worker's side is in `engine`.

pub mod catalogue;
pub mod engine;
pub mod format;
#[cfg(all(target_arch = "wasm32", feature = "interface"))]
pub mod interface;
pub mod protocol;
pub mod state;

//! What neural networks have learned, compared: everything that is true on every device.
//!
//! Data flows one way, and every module is one step of it:
//!
//! ```text
//! file ─► data ─► model ─► checkpoint
//!                   │         │
//!                   └► activation ─► layer ─► similarity ─► study ─► figure
//! ```
//!
//! Nothing here opens a file, starts a thread, reads a clock or blocks on a device: bytes come in, values go out, and
//! long work reports to a [`supervise::Supervisor`], which may also cancel it.

pub mod activation;
pub mod checkpoint;
pub mod data;
pub mod figure;
pub mod file;
pub mod inference;
pub mod layer;
pub mod model;
pub mod similarity;
pub mod steps;
pub mod study;
pub mod supervise;

mod decomposition;
mod hash;
mod names;
mod parallel;
mod product;

pub use hash::Sha256Digest;

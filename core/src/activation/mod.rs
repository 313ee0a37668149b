//! Running a network over a probe set: one [`Representation`] per tap.

mod cost;
#[cfg(feature = "devices")]
mod device;
mod engine;
mod error;
mod evidence;
mod file;
mod host;
mod job;
mod layout;
mod readings;
#[cfg(test)]
pub(crate) mod reference;
mod represent;
mod representation;
mod rows;

#[cfg(feature = "devices")]
pub use device::DeviceEngine;
pub use engine::Engine;
pub use error::ActivationError;
pub use evidence::evidence;
pub use file::{ActivationFile, ActivationFileError, read_activations};
pub use host::HostEngine;
pub use job::Job;
pub use readings::{difference, likeliest_reading, readings_for, settle};
pub use represent::{graph_for, represent};
pub use representation::{Matrix, Representation, RowPolicy};

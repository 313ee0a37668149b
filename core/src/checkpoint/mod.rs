//! From the bytes of a file to the weights of a network.

mod arrays;
mod burnpack;
mod container;
mod contents;
mod error;
mod load;
#[cfg(test)]
mod load_tests;
mod metadata;
mod nearest;
mod normaliser;
mod part;
mod prefix;
mod pytorch;
mod read;
mod reading;
mod reparametrised;
mod report;
mod safetensors;
mod save;
mod settled;
mod shards;
mod take;
mod tensor;

pub(crate) use arrays::{NamedArray, Numbers, arrays};
pub use container::Container;
pub use error::{CheckpointError, Fault};
pub use load::{ArchitectureOrigin, Network, load};
pub use metadata::Metadata;
pub use read::{Checkpoint, Unusable, read, read_as};
pub use reading::Reading;
pub use report::{Absent, LoadReport, Misshaped};
pub use save::save_safetensors;
pub use settled::{Alternative, Divergence, Evidence, PresetEvidence, ReadingEvidence, Settled};
pub use shards::{ShardIndex, ShardName, read_sharded};
pub use tensor::Precision;

//! Files as bytes: what kind a file is, and readers of containers that know neither images nor networks.
//!
//! To recognise one more kind, add it to [`Kind`] in `kind.rs`: nothing else looks at the first bytes of a file.

mod allowance;
pub(crate) mod bounded;
mod error;
mod foreign;
pub(crate) mod gzip;
pub(crate) mod idx;
pub(crate) mod integer;
mod kind;
pub(crate) mod limits;
pub(crate) mod mat;
#[cfg(test)]
pub(crate) mod mutation;
pub(crate) mod npy;
pub(crate) mod pickle;
pub(crate) mod records;
pub(crate) mod safetensors;
pub(crate) mod tar;
pub(crate) mod zip;

pub(crate) use allowance::Allowance;
pub use error::DataError;
pub(crate) use error::{PartFault, counted, one_line, reason, sentence};
pub use foreign::Foreign;
pub use kind::{Kind, ZipContent, recognise};

/// A file as it came in: its name, for messages, and its bytes.
#[derive(Debug, Clone)]
pub struct NamedBytes {
    /// The file name. A folder before it, where there is one, names the class of an image.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

//! What can be wrong with a checkpoint.

use super::report::LoadReport;
use crate::file::{PartFault, one_line, sentence};
use crate::model::{InferenceError, ModelError};

/// Why a checkpoint was refused: which file, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{file}: {}", one_line(.fault))]
pub struct CheckpointError {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub fault: Box<Fault>,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// No known container begins like this.
    #[error("not a checkpoint: expected a PyTorch file, safetensors or burnpack, found {found}")]
    Unrecognised {
        /// What the bytes look like.
        found: String,
    },
    /// The bytes break the rules of their container, or the limits that hostile files are held to.
    #[error("{part}: expected {expected}, found {found}")]
    Malformed {
        /// Where: an entry, a tensor, a pickle and a byte in it.
        part: String,
        /// What is asked for there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A weight is infinite or not a number.
    #[error("tensor {tensor}: expected finite values, found {found} at element {element}")]
    NotFinite {
        /// The tensor.
        tensor: String,
        /// Index into the values, row-major.
        element: usize,
        /// The value, as it is stored.
        found: String,
    },
    /// A value does not fit the precision that is asked for.
    #[error("tensor {tensor}: expected values within the range of {precision}, found {found} at element {element}")]
    OutOfRange {
        /// The tensor.
        tensor: String,
        /// Index into the values, row-major.
        element: usize,
        /// The value.
        found: f64,
        /// The precision.
        precision: super::Precision,
    },
    /// The architecture cannot be told from the tensors.
    #[error("{0}")]
    NotInferred(#[from] InferenceError),
    /// Tensors that the architecture needs are missing or have other shapes.
    #[error("does not fit {architecture}: {report}")]
    Incomplete {
        /// The architecture, described.
        architecture: String,
        /// What was applied and what was not.
        report: LoadReport,
    },
    /// A block of a known architecture has a tensor more.
    #[error(
        "tensor {tensor}: expected in {block} only what a {architecture} has there, found a tensor that would change what \
         it computes; compare layers exported as activations instead"
    )]
    Inside {
        /// The tensor.
        tensor: String,
        /// The module that it belongs to.
        block: String,
        /// The architecture, described.
        architecture: String,
    },
    /// What is wrong with the part that was taken of a file.
    #[error("{fault}{}", other_parts(part, others))]
    OfPart {
        /// The part.
        part: String,
        /// The other networks in the file.
        others: Vec<String>,
        /// What is wrong with it.
        fault: Box<Fault>,
    },
    /// The file has no part of the wanted name.
    #[error("part {part}: {}{hint}", one_of(parts))]
    NoPart {
        /// The name.
        part: String,
        /// The parts that there are.
        parts: Vec<String>,
        /// Which of them may be meant, in words.
        hint: String,
    },
    /// A file that holds a share of a checkpoint's tensors.
    #[error(
        "expected a whole checkpoint, found {tensors} tensors in shard {number} of {count}; give all shards together, or \
         their folder"
    )]
    Shard {
        /// How many tensors it holds.
        tensors: usize,
        /// Its number, from 1 on.
        number: usize,
        /// How many shards there are.
        count: usize,
    },
    /// The architecture itself cannot be built.
    #[error("{0}")]
    Architecture(#[from] ModelError),
}

impl Fault {
    /// Names the file.
    pub(super) fn of(self, file: &str) -> CheckpointError {
        CheckpointError { file: file.to_owned(), fault: Box::new(self) }
    }

    /// Whether no architecture was found for the tensors, of the file or of its part: a user may know it.
    #[must_use]
    pub fn is_not_inferred(&self) -> bool {
        match self {
            Self::NotInferred(_) => true,
            Self::OfPart { fault, .. } => fault.is_not_inferred(),
            _ => false,
        }
    }

    /// Names the part of the file that it is about, where there are others.
    pub(super) fn of_part(self, part: Option<&str>, others: &[String]) -> Self {
        match part.filter(|_| !others.is_empty()) {
            Some(part) => Self::OfPart { part: part.to_owned(), others: others.to_vec(), fault: Box::new(self) },
            None => self,
        }
    }

    /// Short for [`Fault::Malformed`].
    pub(super) fn malformed(part: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Malformed { part: part.into(), expected: expected.into(), found: sentence(&found.into()) }
    }
}

/// `; this is generator. of the file, which also holds discriminator. (--part NAME, Part on the page)`, or nothing.
fn other_parts(part: &str, others: &[String]) -> String {
    match others {
        [] => String::new(),
        others => {
            format!(
                "; this is {part} of the file, which also holds {} (--part NAME, Part on the page)",
                others.join(", ")
            )
        }
    }
}

/// That the wanted part is not among those that there are.
fn one_of(parts: &[String]) -> String {
    match parts {
        [] => "expected a file that holds several networks, found one network; leave the part out".to_owned(),
        parts => format!("expected one of {}, found no such part", parts.join(", ")),
    }
}

impl From<PartFault> for Fault {
    fn from(fault: PartFault) -> Self {
        let PartFault::Malformed { part, expected, found } = fault;
        Self::Malformed { part, expected, found }
    }
}

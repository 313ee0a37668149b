//! What can be wrong with a data file.

/// Why a data file was refused: which file, where, what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// No known format begins like this.
    #[error("{file}: not a data file that is known here: {reason}; expected {expected}")]
    Unrecognised {
        /// The file.
        file: String,
        /// What was seen.
        reason: String,
        /// The formats that are read.
        expected: String,
    },
    /// The bytes break their own format.
    #[error("{file}: at byte {offset}: expected {expected}, found {found}")]
    Malformed {
        /// The file.
        file: String,
        /// Where it breaks.
        offset: usize,
        /// What the format asks for there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// What was asked for does not fit what is there.
    #[error("{subject}: expected {expected}, found {found}")]
    Mismatch {
        /// The file, probe set or setting.
        subject: String,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
    },
}

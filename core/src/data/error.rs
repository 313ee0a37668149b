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
    /// A decoder gave up on the file.
    #[error("{file}: expected a readable {format} file, but its decoder reports: {reason}")]
    Undecodable {
        /// The file, or `archive/entry`.
        file: String,
        /// The format.
        format: &'static str,
        /// The decoder's words.
        reason: String,
    },
    /// The file unpacks to more than is read.
    #[error("{file}: expected at most {limit} bytes once unpacked, found more; use a smaller file")]
    TooLarge {
        /// The file.
        file: String,
        /// The limit in bytes.
        limit: usize,
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

impl DataError {
    /// What was asked for does not fit what is there.
    pub(crate) fn mismatch(subject: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Mismatch { subject: subject.into(), expected: expected.into(), found: found.into() }
    }
}

/// `1 channel`, `3 channels`: a number with its noun, the plural made by an `s`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

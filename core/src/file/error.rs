//! What can be wrong with a file.

use std::fmt;

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
        let found = one_line(&found.into());
        Self::Mismatch { subject: subject.into(), expected: expected.into(), found }
    }
}

/// What is wrong with a part of a file, whose name the caller knows.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum PartFault {
    /// The bytes break the rules of their container, or the limits that hostile files are held to.
    #[error("{part}: expected {expected}, found {found}")]
    Malformed {
        /// Where: an entry, a pickle and a byte in it.
        part: String,
        /// What is asked for there.
        expected: String,
        /// What is there.
        found: String,
    },
}

impl PartFault {
    /// Short for [`PartFault::Malformed`].
    pub(crate) fn malformed(part: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Malformed { part: part.into(), expected: expected.into(), found: sentence(&found.into()) }
    }
}

/// Another library's message as a part of one sentence: one line, no full stop, of a readable length.
pub(crate) fn sentence(message: &str) -> String {
    const LONGEST: usize = 300;
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches('.').replace(". ", "; ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(&line)),
        None => line,
    }
}

/// A decoder's words as the end of a sentence.
pub(crate) fn reason(error: &impl ToString) -> String {
    let words = error.to_string();
    one_line(&words.trim_end().trim_end_matches('.').replace(". ", "; "))
}

/// A text as a part of one sentence: names that come from files may hold ends of lines, and be of any length.
pub(crate) fn one_line(text: &impl fmt::Display) -> String {
    const LONGEST: usize = 2000;
    let text = text.to_string();
    let mut line = String::with_capacity(text.len().min(LONGEST));
    for (place, character) in text.chars().enumerate() {
        if place == LONGEST {
            line.push('…');
            break;
        }
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// `1 channel`, `3 channels`: a number with its noun, the plural made by an `s`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_stays_on_one_line() {
        assert_eq!(one_line(&"layer1.0 ü `x`"), "layer1.0 ü `x`");
        assert_eq!(one_line(&"a\nb\u{7}"), "a\\nb\\u{7}");
        assert_eq!(one_line(&"ü".repeat(5000)), format!("{}…", "ü".repeat(2000)));
    }
}

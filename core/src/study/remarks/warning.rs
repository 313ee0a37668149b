//! A remark as a report has it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RemarkKind;

/// Something that a reader should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// What it is about, for programs; absent in reports from before minor version 2.
    #[serde(default, skip_serializing_if = "RemarkKind::is_unknown")]
    pub kind: RemarkKind,
    /// The input that it is about, by name; absent when it is about several.
    pub input: Option<String>,
    /// The layer that it is about; absent when it is about several or a whole input.
    pub layer: Option<String>,
    /// What it is, in one sentence, which names the first of several layers or inputs.
    pub message: String,
    /// All layers or inputs that it is about, when it is about several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<RemarkPlace>,
}

/// One of several layers or inputs that a remark is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemarkPlace {
    /// The input, by name.
    pub input: String,
    /// The layer; absent when it is the whole input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// What is to be said of this one alone.
    pub message: String,
}

/// What it is about, then the message.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.input.as_deref(), self.layer.as_deref(), &self.message)
    }
}

/// The place, then the message.
impl fmt::Display for RemarkPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, Some(&self.input), self.layer.as_deref(), &self.message)
    }
}

/// `input, layer: message`.
fn write(f: &mut fmt::Formatter<'_>, input: Option<&str>, layer: Option<&str>, message: &str) -> fmt::Result {
    match (input, layer) {
        (Some(input), Some(layer)) => write!(f, "{input}, {layer}: {message}"),
        (Some(input), None) => write!(f, "{input}: {message}"),
        (None, _) => f.write_str(message),
    }
}

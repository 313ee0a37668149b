//! How a checkpoint is to be read, where its content leaves a choice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Architecture;

/// What a user says about how a checkpoint is to be read. What is not said is told from the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What is computed, where names and shapes of the tensors do not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<Architecture>,
    /// Which of several networks in the file, as [`Network::remarks`](super::Network::remarks) names it; the dot at the end
    /// may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// What is assumed where tensors allow several readings, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub choices: BTreeMap<String, String>,
}

impl Reading {
    /// The wanted part without a dot at the end.
    pub(super) fn wanted_part(&self) -> Option<&str> {
        self.part.as_deref().map(|part| part.trim_end_matches('.')).filter(|part| !part.is_empty())
    }
}

impl From<Architecture> for Reading {
    fn from(architecture: Architecture) -> Self {
        Self { architecture: Some(architecture), part: None, choices: BTreeMap::new() }
    }
}

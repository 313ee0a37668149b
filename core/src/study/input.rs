//! What a study takes.

use std::collections::BTreeSet;

use super::{InputKind, InputRecord, LayerRecord, StudyError};
use crate::activation::ActivationFile;
use crate::checkpoint::Network;
use crate::data::Normalisation;
use crate::model::Choices;

/// One thing to compare.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a study has a handful of inputs")]
pub enum Input {
    /// A network, to be run on the probe set.
    Network {
        /// The short name used in figures.
        name: String,
        /// The network.
        network: Network,
        /// How pixels are normalised for it.
        normalisation: Normalisation,
    },
    /// Activations that were computed elsewhere.
    Activations {
        /// The short name used in figures.
        name: String,
        /// The activations.
        file: ActivationFile,
    },
}

impl Input {
    /// The short name as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Network { name, .. } | Self::Activations { name, .. } => name,
        }
    }

    /// What the report says of it.
    ///
    /// # Errors
    /// [`StudyError::Model`] and [`StudyError::Checkpoint`], when a network cannot be described.
    pub(super) fn record(&self, name: &str, layers: Vec<LayerRecord>) -> Result<InputRecord, StudyError> {
        Ok(match self {
            Self::Network { network, normalisation, .. } => InputRecord {
                name: name.to_owned(),
                file: network.file.clone(),
                kind: InputKind::Checkpoint,
                sha256: network.sha256.clone(),
                part: network.part.clone(),
                choices: network.choices.clone(),
                architecture: Some(network.architecture.describe()),
                parameters: Some(network.architecture.trainable_parameters()?),
                normalisation: Some(normalisation.clone()),
                evidence: network.settled.as_ref().and_then(|settled| settled.evidence.clone()),
                layers,
                metadata: network.metadata_texts()?,
            },
            Self::Activations { file, .. } => InputRecord {
                name: name.to_owned(),
                file: file.file.clone(),
                kind: InputKind::Activations,
                sha256: file.sha256.clone(),
                part: None,
                choices: Choices::new(),
                architecture: None,
                parameters: None,
                normalisation: None,
                evidence: None,
                layers,
                metadata: file.metadata.clone(),
            },
        })
    }
}

/// The names, the second and later of equal ones with ` (2)`, ` (3)`, … so that all differ.
#[must_use]
pub fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    names
        .map(|name| {
            let free = free_name(name, &taken);
            taken.insert(free.clone());
            free
        })
        .collect()
}

/// The name, or the first of its numbered forms that is not taken.
pub(super) fn free_name(name: &str, taken: &BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 1_usize;
    while taken.contains(&free) {
        number += 1;
        free = format!("{name} ({number})");
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_numbered() {
        let names = unique(["a", "a", "a (2)", "b", "a"].into_iter());
        assert_eq!(names, ["a", "a (2)", "a (2) (2)", "b", "a (3)"]);
    }
}

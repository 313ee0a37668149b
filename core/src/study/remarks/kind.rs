//! What kinds of remarks there are, and how much each weighs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a remark is about, for programs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RemarkKind {
    /// The report was written by a later version, so that something in it is not shown.
    LaterVersion,
    /// The networks see differently normalised pixels.
    DifferentNormalisation,
    /// Values follow from the numbers of samples and features alone.
    ByConstruction,
    /// Tensors of a file were left aside.
    TensorsLeftAside,
    /// A file holds several whole networks, of which one is compared.
    NetworksLeftAside,
    /// Arrays of a file of activations that are no layers were left aside.
    ArraysLeftAside,
    /// Images hold values that pixels do not have.
    UnusualPixels,
    /// Images speak against how a network was read or how they are normalised, or for another reading.
    UnlikeTraining,
    /// What images say of how a network was read.
    Evidence,
    /// What was chosen, changed or left out when the probe set was read.
    ProbeSet,
    /// What tensors cannot tell of an architecture was assumed.
    AssumedArchitecture,
    /// A file does not name its samples, so that its rows are taken to be in the order of the others.
    UnnamedSamples,
    /// Nothing could be kept of a layer.
    UnusableLayer,
    /// One sample holds most of a layer's variance.
    DominantSample,
    /// Features of a layer are constant.
    ConstantFeatures,
    /// A file's tensors lay in wrappers, which were looked through.
    Wrappers,
    /// A kind that a later version wrote, or none: reports have kinds since minor version 2.
    #[default]
    #[serde(other)]
    Unknown,
}

/// How much a remark matters to a reader of the values, the heaviest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The values may be others than the reader takes them for.
    Values,
    /// The values say less than they seem to.
    Reading,
    /// For the record.
    Record,
}

impl RemarkKind {
    /// How much remarks of this kind weigh. An unknown one may be of any weight, so it is taken for heavy.
    #[must_use]
    pub fn weight(self) -> Weight {
        match self {
            Self::LaterVersion
            | Self::DifferentNormalisation
            | Self::ByConstruction
            | Self::TensorsLeftAside
            | Self::NetworksLeftAside
            | Self::UnusualPixels
            | Self::UnlikeTraining
            | Self::AssumedArchitecture
            | Self::UnnamedSamples
            | Self::Unknown => Weight::Values,
            Self::ArraysLeftAside
            | Self::ProbeSet
            | Self::UnusableLayer
            | Self::DominantSample
            | Self::ConstantFeatures
            | Self::Evidence => Weight::Reading,
            Self::Wrappers => Weight::Record,
        }
    }

    /// Whether it says nothing: what an absent kind reads as is not written.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_a_later_version_is_read_as_unknown() {
        assert_eq!(serde_json::to_string(&RemarkKind::TensorsLeftAside).unwrap(), r#""tensors-left-aside""#);
        assert_eq!(
            serde_json::from_str::<RemarkKind>(r#""tensors-left-aside""#).unwrap(),
            RemarkKind::TensorsLeftAside
        );
        assert_eq!(serde_json::from_str::<RemarkKind>(r#""quantised-weights""#).unwrap(), RemarkKind::Unknown);
    }
}

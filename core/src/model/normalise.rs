//! Normalisations that follow or precede a layer.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::builder::EPSILON;
use super::{Activation, Assumption, GraphBuilder, ModelError};

/// What is normalised over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NormKind {
    /// The samples of the training, by running statistics.
    Batch,
    /// The channels of each of so many groups and all positions of one sample; with one group of a vector all its values.
    Group(usize),
}

/// A normalisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Norm {
    /// The name of its tensors without `.weight`.
    pub name: String,
    /// What is normalised over.
    pub kind: NormKind,
    /// Added to the variance.
    #[serde(default = "epsilon")]
    pub epsilon: f64,
}

/// Which of normalisation and activation comes first after a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LayerOrder {
    /// Layer, normalisation, activation.
    #[default]
    NormActivation,
    /// Layer, activation, normalisation.
    ActivationNorm,
}

impl LayerOrder {
    /// The forms that are read.
    pub(super) const IDS: [&str; 2] = ["norm-activation", "activation-norm"];

    /// Appends normalisation and activation to a network.
    pub(super) fn append(
        self,
        norm: Option<&Norm>,
        activation: Activation,
        builder: &mut GraphBuilder,
    ) -> Result<(), ModelError> {
        let normalise = |builder: &mut GraphBuilder| norm.map_or(Ok(()), |norm| norm.append(builder));
        if self == Self::NormActivation {
            normalise(builder)?;
        }
        builder.activate(activation)?;
        if self == Self::ActivationNorm {
            normalise(builder)?;
        }
        Ok(())
    }

    /// What is assumed of a network with normalisations.
    pub(super) fn assumption(self) -> Assumption {
        let sentence = match self {
            Self::NormActivation => "normalisations come before activations",
            Self::ActivationNorm => "normalisations come after activations",
        };
        Assumption::new("order", self, Self::IDS, sentence)
    }
}

/// The form that is read.
impl fmt::Display for LayerOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::IDS[usize::from(*self == Self::ActivationNorm)])
    }
}

impl FromStr for LayerOrder {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::NormActivation, Self::ActivationNorm].into_iter().find(|order| order.to_string() == text).ok_or(())
    }
}

/// The number of groups that is taken where none is said: 32 (Wu and He 2018), or the next smaller power of two that divides all
/// these channels.
pub(super) fn usual_groups(channels: impl Iterator<Item = usize> + Clone) -> usize {
    let divides = |groups: &usize| channels.clone().all(|channels| channels.is_multiple_of(*groups));
    [32, 16, 8, 4, 2].into_iter().find(divides).unwrap_or(1)
}

/// PyTorch's.
pub(super) fn epsilon() -> f64 {
    EPSILON
}

/// What is assumed of what normalisations add to variances.
pub(super) fn epsilon_assumption(epsilon: f64) -> Assumption {
    let value = format!("{epsilon:e}");
    let sentence = format!("normalisations add {value} to variances");
    Assumption::new("epsilon", value, [""; 0], sentence)
}

impl Norm {
    /// Batch normalisation as PyTorch has it.
    #[must_use]
    pub fn batch(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: NormKind::Batch, epsilon: EPSILON }
    }

    /// Appends it to a network.
    pub(super) fn append(&self, builder: &mut GraphBuilder) -> Result<(), ModelError> {
        match self.kind {
            NormKind::Batch => builder.batch_norm(&self.name, self.epsilon)?,
            NormKind::Group(groups) => builder.group_norm(&self.name, groups, self.epsilon)?,
        };
        Ok(())
    }
}

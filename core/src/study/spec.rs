//! One description of a study, for the page, the command line, links and configurations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Sha256Digest;
use crate::activation::RowPolicy;
use crate::data::Subset;
use crate::inference::IntervalMethod;
use crate::model::Choices;

/// What is compared, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StudySpec {
    /// The networks and activation files, in order.
    pub inputs: Vec<InputSpec>,
    /// The images that networks are run on; absent when only activations are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeSpec>,
    /// Ids of the measures, with parameters where they are not as usual: `svcca:variance=0.9`.
    pub questions: Vec<String>,
    /// Which inputs are compared with which.
    #[serde(default)]
    pub pairs: PairPlan,
    /// Which layers are compared.
    #[serde(default)]
    pub layers: LayerPlan,
    /// How a feature map becomes a row; activation files bring their rows.
    #[serde(default)]
    pub rows: RowPolicy,
    /// The permutation null of maps; absent where none is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null: Option<NullSpec>,
    /// The bootstrap intervals of values; absent where none are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<BootstrapSpec>,
}

/// A permutation null: the samples of the second network in random order, this many times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NullSpec {
    /// How many permutations, K: no p-value is below 1 / (K + 1).
    pub permutations: usize,
    /// Which permutations.
    pub seed: u64,
    /// The level of the noise floor.
    pub alpha: f64,
}

/// A bootstrap over samples: as many samples drawn with replacement, this many times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BootstrapSpec {
    /// How many bootstrap samples, B.
    pub resamples: usize,
    /// Which.
    pub seed: u64,
    /// The level of the intervals.
    pub level: f64,
    /// How they are made.
    pub interval: IntervalMethod,
}

/// One network or activation file of a study.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputSpec {
    /// Its name in the report and in figures.
    pub name: String,
    /// SHA-256 of its file, where the study is about this very file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Digest>,
    /// Which of several networks in its file, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// What is said of its architecture where its tensors leave it open, by key.
    #[serde(default, skip_serializing_if = "Choices::is_empty")]
    pub choices: Choices,
}

impl InputSpec {
    /// An input of which nothing else is said.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), sha256: None, part: None, choices: Choices::new() }
    }
}

/// Which images of a probe set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeSpec {
    /// How many.
    pub samples: usize,
    /// Which of them.
    pub subset: Subset,
}

/// The plan of pairs names an input that is not there, or a pair twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pair of inputs {a} and {b} cannot be compared: expected each pair once, of inputs 0 to {}", inputs - 1)]
pub struct PairError {
    /// Index of the first input.
    pub a: usize,
    /// Index of the second input.
    pub b: usize,
    /// How many inputs there are.
    pub inputs: usize,
}

/// Which inputs are compared with which: 600 checkpoints are not 179,700 pairs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PairPlan {
    /// Each with each later one.
    #[default]
    All,
    /// Each with itself: how alike a network's own layers are.
    Within,
    /// All others with one, by its index.
    Against(usize),
    /// Each with the next one.
    Consecutive,
    /// These, by their indices.
    Explicit(Vec<(usize, usize)>),
}

impl PairPlan {
    /// The pairs among this many inputs, in order.
    ///
    /// # Errors
    /// [`PairError`] when a pair names an input that there is not, or stands twice.
    pub fn pairs(&self, inputs: usize) -> Result<Vec<(usize, usize)>, PairError> {
        let pairs: Vec<(usize, usize)> = match self {
            Self::All => (0..inputs).flat_map(|a| (a + 1..inputs).map(move |b| (a, b))).collect(),
            Self::Within => (0..inputs).map(|input| (input, input)).collect(),
            Self::Against(one) => (0..inputs).filter(|other| other != one).map(|other| (*one, other)).collect(),
            Self::Consecutive => (1..inputs).map(|b| (b - 1, b)).collect(),
            Self::Explicit(pairs) => pairs.clone(),
        };
        match pairs.iter().enumerate().find(|&(place, &(a, b))| a.max(b) >= inputs || pairs[..place].contains(&(a, b)))
        {
            Some((_, &(a, b))) => Err(PairError { a, b, inputs }),
            None => Ok(pairs),
        }
    }
}

/// Which layers are compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LayerPlan {
    /// All.
    #[default]
    All,
    /// Those of these names; an input that has none of them is refused.
    Named(Vec<String>),
}

impl LayerPlan {
    /// Whether a layer is compared.
    #[must_use]
    pub fn includes(&self, layer: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| name == layer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_name_their_pairs() {
        assert_eq!(PairPlan::All.pairs(3).unwrap(), [(0, 1), (0, 2), (1, 2)]);
        assert_eq!(PairPlan::Within.pairs(2).unwrap(), [(0, 0), (1, 1)]);
        assert_eq!(PairPlan::Against(1).pairs(3).unwrap(), [(1, 0), (1, 2)]);
        assert_eq!(PairPlan::Consecutive.pairs(4).unwrap(), [(0, 1), (1, 2), (2, 3)]);
        assert_eq!(PairPlan::Explicit(vec![(2, 0)]).pairs(3).unwrap(), [(2, 0)]);
        assert_eq!(PairPlan::Explicit(vec![(0, 3)]).pairs(3), Err(PairError { a: 0, b: 3, inputs: 3 }));
        assert!(PairPlan::Explicit(vec![(0, 1), (0, 1)]).pairs(3).is_err());
        assert!(PairPlan::Against(3).pairs(3).is_err());
    }

    #[test]
    fn a_description_is_short_where_it_is_as_usual() {
        let text = r#"{"inputs":[{"name":"a"},{"name":"b"}],"questions":["cka-linear"]}"#;
        let spec: StudySpec = serde_json::from_str(text).unwrap();
        assert_eq!((&spec.pairs, &spec.layers, spec.rows), (&PairPlan::All, &LayerPlan::All, RowPolicy::Flatten));
        assert_eq!(spec.probe, None);
        let text = r#"{"inputs":[],"questions":[],"pairs":{"against":2},"layers":{"named":["fc"]}}"#;
        let spec: StudySpec = serde_json::from_str(text).unwrap();
        assert_eq!((spec.pairs, spec.layers), (PairPlan::Against(2), LayerPlan::Named(vec!["fc".to_owned()])));
    }
}

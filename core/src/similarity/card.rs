//! What a measure says of itself: shown on the page, checked by the property tests, printed by the documentation.

use serde::Serialize;

/// Whether a larger value means more alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Larger is more alike.
    HigherIsMoreAlike,
    /// Smaller is more alike.
    LowerIsMoreAlike,
}

/// What a measure takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arity {
    /// One layer: a descriptor.
    One,
    /// Two layers of the same samples.
    Pair,
    /// Layers of many networks that correspond.
    Many,
    /// What two networks say of the samples.
    Outputs,
}

/// A transformation of one representation (n × p, rows are samples).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Invariance {
    /// X → X Q with Q orthogonal.
    Orthogonal,
    /// X → X M with M invertible.
    InvertibleLinear,
    /// X → c X with c > 0.
    IsotropicScaling,
    /// The same columns in another order.
    Permutation,
    /// X → X + 1 vᵀ.
    Translation,
}

impl Invariance {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Orthogonal, Self::InvertibleLinear, Self::IsotropicScaling, Self::Permutation, Self::Translation];
}

/// The interval of possible values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range {
    /// Smallest possible value.
    pub low: f64,
    /// Largest possible value.
    pub high: f64,
}

/// What a measure says of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    /// Machine id in kebab-case, such as `cka-linear-debiased`.
    pub id: &'static str,
    /// The name that people use.
    pub name: &'static str,
    /// The formula, in plain Unicode text.
    pub formula: &'static str,
    /// One plain sentence: what it answers.
    pub summary: &'static str,
    /// The paper that it comes from.
    pub source: &'static str,
    /// What it takes.
    pub arity: Arity,
    /// Whether the order of two layers does not matter; otherwise the value is of the first by the second.
    pub symmetric: bool,
    /// Whether a larger value means more alike.
    pub direction: Direction,
    /// The interval of possible values.
    pub range: Range,
    /// The transformations that leave the value as it is; the others of [`Invariance::ALL`] change it.
    pub invariances: &'static [Invariance],
    /// The fewest samples that it is defined for.
    pub minimum_samples: usize,
    /// What else it needs, in words; empty when nothing.
    pub requirement: &'static str,
    /// Which estimator is computed, and its bias.
    pub estimator: &'static str,
}

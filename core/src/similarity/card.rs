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

/// What a measure looks at; lists of measures are grouped by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Kernel matrices of the samples.
    Kernel,
    /// Correlations of the best linear combinations of features.
    Correlation,
    /// The shapes of two clouds of samples, laid over one another.
    Shape,
    /// Which unit of one layer is which of the other.
    Units,
    /// Which pairs of samples are dissimilar.
    Rsa,
    /// Which samples are nearest to each.
    Neighbours,
    /// How well one layer predicts the other.
    Prediction,
    /// One layer by itself.
    Descriptor,
    /// The layers of many networks at once.
    Common,
    /// What networks predict.
    Outputs,
}

impl Family {
    /// Its name for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Kernel => "Kernel alignment",
            Self::Correlation => "Canonical correlation",
            Self::Shape => "Shape",
            Self::Units => "Matching of units",
            Self::Rsa => "Representational similarity analysis",
            Self::Neighbours => "Nearest neighbours",
            Self::Prediction => "Linear prediction",
            Self::Descriptor => "One layer",
            Self::Common => "Many networks",
            Self::Outputs => "Predictions",
        }
    }
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

    /// Its name for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Orthogonal => "rotation and reflection",
            Self::InvertibleLinear => "any invertible linear map",
            Self::IsotropicScaling => "scaling",
            Self::Permutation => "reordering of units",
            Self::Translation => "shifting",
        }
    }
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
    /// What it looks at.
    pub family: Family,
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

impl Card {
    /// The card as terms and texts: what people read of it beside its name and summary.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let direction = match self.direction {
            Direction::HigherIsMoreAlike => "larger is more alike",
            Direction::LowerIsMoreAlike => "smaller is more alike",
        };
        let range = format!("{} to {}, {direction}", bound(self.range.low), bound(self.range.high));
        let (kept, broken): (Vec<Invariance>, Vec<Invariance>) =
            Invariance::ALL.into_iter().partition(|one| self.invariances.contains(one));
        let list = |invariances: Vec<Invariance>| match invariances.as_slice() {
            [] => "nothing of these".to_owned(),
            some => some.iter().map(|one| one.title()).collect::<Vec<_>>().join(", "),
        };
        let mut needs = vec![format!("at least {} samples", self.minimum_samples)];
        needs.extend(Some(self.requirement.to_owned()).filter(|requirement| !requirement.is_empty()));
        let order = if self.symmetric { "does not matter" } else { "matters: of the first layer by the second" };
        vec![
            ("Formula", self.formula.to_owned()),
            ("Range", range),
            ("Order of layers", order.to_owned()),
            ("Unchanged by", list(kept)),
            ("Changed by", list(broken)),
            ("Estimator", self.estimator.to_owned()),
            ("Needs", needs.join("; ")),
            ("Source", self.source.to_owned()),
        ]
    }
}

/// An end of a range. The ends that occur are whole numbers, infinity, parts of π and ln 2.
fn bound(value: f64) -> String {
    use std::f64::consts::{FRAC_PI_2, LN_2, PI};
    if value.is_infinite() {
        if value > 0.0 { "∞".to_owned() } else { "−∞".to_owned() }
    } else if value == PI {
        "π".to_owned()
    } else if value == FRAC_PI_2 {
        "π/2".to_owned()
    } else if value == LN_2 {
        "ln 2".to_owned()
    } else {
        value.to_string().replace('-', "−")
    }
}

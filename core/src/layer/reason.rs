//! Why a value does not exist.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PartId;

/// Why a value does not exist: a sentence for people (its `Display`), and a code with its numbers for programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// Too few rows for the estimator.
    #[error("needs at least {minimum} samples, got {found}")]
    FewSamples {
        /// The fewest.
        minimum: usize,
        /// How many there are.
        found: usize,
    },
    /// Every column has equal values throughout.
    #[error("constant in every feature")]
    Constant,
    /// A row has equal values throughout.
    #[error("row {row} is constant across features, so it correlates with nothing")]
    ConstantRow {
        /// The first such row.
        row: usize,
    },
    /// A row is zero throughout.
    #[error("row {row} is zero in every feature, so it has no cosine with any other")]
    ZeroRow {
        /// The first such row.
        row: usize,
    },
    /// The centred Gram matrix is zero.
    #[error("all samples coincide")]
    Coincide,
    /// The U-centred Gram matrix is zero.
    #[error("all samples are equally far apart, so unbiased HSIC with itself is 0")]
    Equidistant,
    /// More than half of the entries of the distance matrix are zero.
    #[error("the median squared distance is zero: too many samples coincide")]
    ZeroMedianDistance,
    /// The centred kernel is zero.
    #[error("the kernel takes all samples for one")]
    ConstantKernel,
    /// All dissimilarities are equal, so they correlate with nothing.
    #[error("all pairs of samples are equally dissimilar")]
    EquallyDissimilar,
    /// Ties decide who the nearest neighbours are.
    #[error("{tied} of {places} places among the nearest neighbours are ties with samples that are left out")]
    TiedNeighbours {
        /// Places that go to samples no nearer than one that has none.
        tied: usize,
        /// All places: k for each sample.
        places: usize,
    },
    /// A list of similarities that a cosine is taken of is zero.
    #[error("what is compared of sample {row} is zero throughout, so it has no cosine")]
    ZeroProfile {
        /// The sample.
        row: usize,
    },
    /// The layer varies in fewer directions than the measure compares.
    #[error("needs {needed} directions of variation, got {found}")]
    RankDeficient {
        /// How many are compared.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// Canonical correlations whose directions the data do not tell apart.
    #[error(
        "{tied} canonical correlations coincide, so that their directions, which the weights belong to, are arbitrary"
    )]
    TiedCorrelations {
        /// How many coincide with another.
        tied: usize,
    },
    /// Some directions of the layers have nothing to do with each other, so that no rotation is the best.
    #[error("the best rotation is arbitrary, as the layers vary in directions that are orthogonal to each other")]
    ArbitraryRotation,
    /// A sample without a direction from the mean.
    #[error("row {row} is the mean of all rows, so that its cosine does not exist")]
    MeanRow {
        /// The first such row.
        row: usize,
    },
    /// Too many units to match one by one.
    #[error("matches at most {limit} units, got {found}: the time grows with their cube")]
    TooManyUnits {
        /// The most.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// The layers were computed on different numbers of samples.
    #[error("the two layers have different numbers of rows")]
    DifferentRows,
    /// A cosine above 1 by more than its rounding: a fault of the arithmetic, shown rather than cut off.
    #[error("the cosine of the angle came out as {cosine}, above 1 by more than rounding")]
    Rounding {
        /// What was computed.
        cosine: f64,
    },
    /// An iteration gave up.
    #[error("the singular value decomposition did not converge")]
    NotConverged,
    /// An iteration gave up.
    #[error("the eigendecomposition of the Gram matrix did not converge")]
    NotDiagonalised,
    /// The measure's arithmetic left the finite numbers.
    #[error("the value is not finite ({value})")]
    NotFinite {
        /// What was computed.
        value: String,
    },
    /// Nothing could be kept of the layer: see [`super::LayerError`].
    #[error("{fault}")]
    Unusable {
        /// What is wrong with it.
        fault: String,
    },
    /// The part was neither asked for when the layer was added, nor are the layer's rows kept.
    #[error("{part} was not kept of this layer; add its input again with this measure")]
    NotKept {
        /// The part.
        part: PartId,
    },
    /// What the measure prepares cannot be put in another order.
    #[error("the measure has no null: what it keeps of a layer cannot be permuted")]
    NotPermuted,
    /// Samples that occur several times mean something else to the measure.
    #[error(
        "no interval is known for the measure: in a bootstrap sample some samples occur several times, which it takes for likeness"
    )]
    NotResampled,
    /// A preparation of another measure was handed in.
    #[error("the two layers were prepared by different measures")]
    OtherMeasure,
    /// A batch of streaming CKA has different numbers of rows in its two layers.
    #[error("a batch has {first} rows in one layer and {second} in the other")]
    UnequalBatch {
        /// Rows of the first layer.
        first: usize,
        /// Rows of the second layer.
        second: usize,
    },
    /// A batch of streaming CKA is too small.
    #[error("needs batches of at least {minimum} samples, got {found}")]
    SmallBatch {
        /// The fewest.
        minimum: usize,
        /// How many there are.
        found: usize,
    },
    /// No batch of streaming CKA says anything.
    #[error("no batch in which both layers vary")]
    NoBatch,
    /// The sums of streaming CKA have no root.
    #[error("unbiased HSIC of a layer with itself is 0")]
    ZeroHsic,
    /// A measure of many networks has a single layer.
    #[error("needs layers of at least 2 inputs, got {found}")]
    FewMembers {
        /// How many there are.
        found: usize,
    },
    /// The layers share no structure more than another, so that none stands for them.
    #[error("no structure is more common to the layers than any other")]
    NoCompromise,
    /// The iteration that makes a mean shape of layers does not end.
    #[error("the angles to the mean shape of the layers did not settle in {rounds} rounds")]
    NoMean {
        /// How many rounds there were.
        rounds: usize,
    },
    /// Units are compared one by one, and the layers do not have as many.
    #[error("one layer has {first} units and another {second}, so that they do not correspond")]
    DifferentUnits {
        /// Units of the first layer.
        first: usize,
        /// Units of the other.
        second: usize,
    },
    /// No unit has a correlation in each network.
    #[error("no unit varies in all layers and has others to correlate with")]
    NoCommonUnit,
    /// An activation file has no logits that are known as such.
    #[error("an activation file does not say which of its layers are the logits; give the checkpoint")]
    NoLogits,
    /// The checkpoint has no layer behind the pooled features.
    #[error("the checkpoint ends with the pooled features and yields no logits")]
    NoHead,
    /// The rows of the last layer are not its logits.
    #[error("the rows of its last layer hold {found} of {classes} logits; flatten its rows")]
    PartialLogits {
        /// Columns of the rows.
        found: usize,
        /// How many classes the network has.
        classes: usize,
    },
    /// The two networks do not predict the same classes.
    #[error("one predicts {first} classes and the other {second}")]
    DifferentClasses {
        /// Classes of the first network.
        first: usize,
        /// Classes of the second network.
        second: usize,
    },
    /// Too few classes for the measure.
    #[error("needs at least {needed} classes, got {found}")]
    FewClasses {
        /// The fewest.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// Log-probabilities that differ by the same amount throughout have no spread to divide by.
    #[error(
        "the log-probabilities of too many classes or samples differ from each other by the same amount throughout"
    )]
    ConstantLogOdds,
    /// Nothing was computed, because the study ended before.
    #[error("it was not computed")]
    NotComputed,
    /// A code that a later version wrote.
    #[error("for a reason that this version does not know")]
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_read_a_code_and_people_a_sentence() {
        let reason = Reason::FewSamples { minimum: 4, found: 3 };
        assert_eq!(reason.to_string(), "needs at least 4 samples, got 3");
        let text = serde_json::to_string(&reason).unwrap();
        assert_eq!(text, r#"{"code":"few-samples","minimum":4,"found":3}"#);
        assert_eq!(serde_json::from_str::<Reason>(&text).unwrap(), reason);
        assert_eq!(serde_json::from_str::<Reason>(r#"{"code":"new","n":1}"#).unwrap(), Reason::Unknown);
    }
}

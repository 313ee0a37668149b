//! What each combination of a distance and a comparator says of itself.

use crate::similarity::{Arity, Card, Direction, Family, Invariance, Range};

/// A card of RSA from what is particular to its distance and its comparator.
macro_rules! rsa_card {
    ($card:ident, $distance:ident, $comparator:ident) => {
        pub(in crate::similarity) static $card: Card = Card {
            id: concat!("rsa-", $distance!(id), "-", $comparator!(id)),
            name: concat!("RSA (", $distance!(name), ", ", $comparator!(name), ")"),
            formula: concat!("RSA(X, Y) = ", $comparator!(formula), ", with ", $distance!(formula), " over all i < j", $comparator!(also)),
            summary: "Do the two layers agree on which pairs of samples differ most?",
            source: concat!(
                "Kriegeskorte, Mur & Bandettini, Representational Similarity Analysis: Connecting the Branches of Systems \
                 Neuroscience, Frontiers in Systems Neuroscience 2008",
                $comparator!(source)
            ),
            family: Family::Rsa,
            arity: Arity::Pair,
            symmetric: true,
            direction: Direction::HigherIsMoreAlike,
            range: $comparator!(range),
            invariances: $distance!(invariances),
            minimum_samples: $comparator!(minimum),
            requirement: $distance!(requirement),
            estimator: $comparator!(estimator),
        };
    };
}

macro_rules! correlation {
    (id) => {
        "correlation"
    };
    (name) => {
        "correlation distance"
    };
    (formula) => {
        "dᵢⱼ = 1 − Pearson(xᵢ, xⱼ) across features and eᵢⱼ likewise of Y"
    };
    (invariances) => {
        &[Invariance::IsotropicScaling, Invariance::Permutation]
    };
    (requirement) => {
        "no sample constant across features; so at least 2 features, and more than 2 to say anything"
    };
}

macro_rules! euclidean {
    (id) => {
        "euclidean"
    };
    (name) => {
        "Euclidean distance"
    };
    (formula) => {
        "dᵢⱼ = ‖xᵢ − xⱼ‖ and eᵢⱼ = ‖yᵢ − yⱼ‖"
    };
    (invariances) => {
        RIGID
    };
    (requirement) => {
        ""
    };
}

macro_rules! squared_euclidean {
    (id) => {
        "squared-euclidean"
    };
    (name) => {
        "squared Euclidean distance"
    };
    (formula) => {
        "dᵢⱼ = ‖xᵢ − xⱼ‖² and eᵢⱼ = ‖yᵢ − yⱼ‖²"
    };
    (invariances) => {
        RIGID
    };
    (requirement) => {
        ""
    };
}

macro_rules! angle {
    (id) => {
        "cosine"
    };
    (name) => {
        "cosine distance"
    };
    (formula) => {
        "dᵢⱼ = 1 − ⟨xᵢ, xⱼ⟩ / (‖xᵢ‖ ‖xⱼ‖) and eᵢⱼ likewise of Y"
    };
    (invariances) => {
        &[Invariance::Orthogonal, Invariance::IsotropicScaling, Invariance::Permutation]
    };
    (requirement) => {
        "no sample zero in every feature; values as they are, not centred"
    };
}

const RIGID: &[Invariance] =
    &[Invariance::Orthogonal, Invariance::IsotropicScaling, Invariance::Permutation, Invariance::Translation];

const SIGNED: Range = Range { low: -1.0, high: 1.0 };

const UNSIGNED: Range = Range { low: 0.0, high: 1.0 };

macro_rules! pearson {
    (id) => {
        "pearson"
    };
    (name) => {
        "Pearson"
    };
    (formula) => {
        "Pearson(d, e)"
    };
    (also) => {
        ""
    };
    (source) => {
        ""
    };
    (range) => {
        SIGNED
    };
    (minimum) => {
        3
    };
    (estimator) => {
        "Correlation over the n (n − 1) / 2 pairs at hand. The pairs are not independent of each other."
    };
}

macro_rules! spearman {
    (id) => { "spearman" };
    (name) => { "Spearman" };
    (formula) => { "Spearman(d, e)" };
    (also) => { "" };
    (source) => { "" };
    (range) => { SIGNED };
    (minimum) => { 3 };
    (estimator) => {
        "Correlation of ranks over the n (n − 1) / 2 pairs at hand, ties sharing their mean rank; values that differ by no more than \
         rounding are ties. The pairs are not independent of each other."
    };
}

macro_rules! kendall_a {
    (id) => { "kendall-a" };
    (name) => { "Kendall τ-a" };
    (formula) => { "(C − D) / N" };
    (also) => { ", C and D the couples of pairs that both layers put in the same and in opposite order, and N all couples" };
    (source) => { "; Nili, Wingfield, Walther, Su, Marslen-Wilson & Kriegeskorte, A Toolbox for Representational Similarity Analysis, \
                   PLoS Computational Biology 2014" };
    (range) => { SIGNED };
    (minimum) => { 3 };
    (estimator) => {
        "Over all couples of the n (n − 1) / 2 pairs at hand. Values that differ by no more than rounding are ties, which count as \
         neither: a layer with ties scores below 1 with itself."
    };
}

macro_rules! kendall_b {
    (id) => { "kendall-b" };
    (name) => { "Kendall τ-b" };
    (formula) => { "(C − D) / √((N − T)(N − U))" };
    (also) => {
        ", C and D the couples of pairs that both layers put in the same and in opposite order, N all couples, and T and U those that are \
         ties in d and in e"
    };
    (source) => { "; Kendall, The Treatment of Ties in Ranking Problems, Biometrika 1945" };
    (range) => { SIGNED };
    (minimum) => { 3 };
    (estimator) => {
        "Over all couples of the n (n − 1) / 2 pairs at hand that are no ties; values that differ by no more than rounding are ties."
    };
}

macro_rules! cosine {
    (id) => { "cosine" };
    (name) => { "cosine" };
    (formula) => { "⟨d, e⟩ / (‖d‖ ‖e‖)" };
    (also) => { "" };
    (source) => { "" };
    (range) => { UNSIGNED };
    (minimum) => { 2 };
    (estimator) => {
        "Cosine over the n (n − 1) / 2 pairs at hand. Nothing is taken off the dissimilarities, which are never negative: independent \
         layers score high, near 1 in many dimensions, where all samples are about equally far apart."
    };
}

macro_rules! whitened_cosine {
    (id) => { "whitened-cosine" };
    (name) => { "whitened cosine" };
    (formula) => { "⟨d, V⁻¹ e⟩ / √(⟨d, V⁻¹ d⟩ ⟨e, V⁻¹ e⟩) = ⟨HDH, HEH⟩ / (‖HDH‖_F ‖HEH‖_F)" };
    (also) => { ", D and E the same as symmetric matrices, H = I − 1 1ᵀ / n and V = (C Cᵀ)² entry by entry, where C takes differences of samples" };
    (source) => { "; Diedrichsen, Berlot, Mur, Schütt, Shahbazi & Kriegeskorte, Comparing Representational Geometries Using Whitened \
                   Unbiased-Distance-Matrix Similarity, Neurons, Behavior, Data Analysis and Theory 2021" };
    (range) => { UNSIGNED };
    (minimum) => { 2 };
    (estimator) => {
        "Biased upwards: independent layers score above 0. Of squared Euclidean distances it is linear CKA, of Euclidean distances the squared \
         distance correlation."
    };
}

rsa_card!(CORRELATION_SPEARMAN, correlation, spearman);
rsa_card!(CORRELATION_PEARSON, correlation, pearson);
rsa_card!(CORRELATION_KENDALL_A, correlation, kendall_a);
rsa_card!(CORRELATION_KENDALL_B, correlation, kendall_b);
rsa_card!(CORRELATION_COSINE, correlation, cosine);
rsa_card!(CORRELATION_WHITENED_COSINE, correlation, whitened_cosine);
rsa_card!(COSINE_SPEARMAN, angle, spearman);
rsa_card!(COSINE_PEARSON, angle, pearson);
rsa_card!(COSINE_KENDALL_A, angle, kendall_a);
rsa_card!(COSINE_KENDALL_B, angle, kendall_b);
rsa_card!(COSINE_COSINE, angle, cosine);
rsa_card!(COSINE_WHITENED_COSINE, angle, whitened_cosine);
rsa_card!(EUCLIDEAN_SPEARMAN, euclidean, spearman);
rsa_card!(EUCLIDEAN_PEARSON, euclidean, pearson);
rsa_card!(EUCLIDEAN_KENDALL_A, euclidean, kendall_a);
rsa_card!(EUCLIDEAN_KENDALL_B, euclidean, kendall_b);
rsa_card!(EUCLIDEAN_COSINE, euclidean, cosine);
rsa_card!(EUCLIDEAN_WHITENED_COSINE, euclidean, whitened_cosine);
rsa_card!(SQUARED_EUCLIDEAN_SPEARMAN, squared_euclidean, spearman);
rsa_card!(SQUARED_EUCLIDEAN_PEARSON, squared_euclidean, pearson);
rsa_card!(SQUARED_EUCLIDEAN_KENDALL_A, squared_euclidean, kendall_a);
rsa_card!(SQUARED_EUCLIDEAN_KENDALL_B, squared_euclidean, kendall_b);
rsa_card!(SQUARED_EUCLIDEAN_COSINE, squared_euclidean, cosine);
rsa_card!(SQUARED_EUCLIDEAN_WHITENED_COSINE, squared_euclidean, whitened_cosine);

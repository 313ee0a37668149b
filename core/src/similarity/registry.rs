//! The list of all measures.

use super::many::compromise;
use super::many::inter_subject::{self, InterSubjectCorrelation};
use super::many::procrustes_mean::{self, ProcrustesMean};
use super::many::rsm_consistency::{self, RsmConsistency};
use super::many::shared_response::{self, ResponseModel, SharedResponse};
use super::one::participation;
use super::outputs::disagreement;
use super::outputs::divergence::{self, Divergence};
use super::outputs::log_likelihood_variance::{self as d_llv, LogLikelihoodVariance, Together};
use super::outputs::logit_distance::{self, LogitDistance};
use super::pair::correlation::pwcca::{self, Pwcca};
use super::pair::correlation::{cca, eigenspace_overlap, svcca};
use super::pair::kernel::{cka, distance_correlation, rbf_cka};
use super::pair::neighbours::{
    self, Cknna, CycleKnn, Jaccard, JointRankJaccard, MutualKnn, Profile, RankSimilarity, SecondOrderCosine, cknna,
    cycle_knn, jaccard, joint_rank_jaccard, mutual_knn, rank_similarity, second_order_cosine,
};
use super::pair::prediction::gulp::{self, Gulp};
use super::pair::prediction::leave_one_out::{self, LeaveOneOut};
use super::pair::prediction::linear_regression;
use super::pair::rsa::{RsmNormDifference, cards as rsa, norm_difference};
use super::pair::shape::aligned_cosine::{self, AlignedCosine};
use super::pair::shape::partial_whitening::{self, PartialWhitening};
use super::pair::shape::procrustes;
use super::pair::units::correlation_match::{self, CorrelationMatch};
use super::pair::units::permutation_procrustes::{self, PermutationProcrustes};
use super::pair::units::soft_matching::{self, SoftMatching};
use super::parameter::{self, Chosen, Parameter, ParameterError};
use super::{
    AnyPair, Arity, Card, Cca, Comparator, Compromise, DebiasedCka, Disagreement, Distance, DistanceCorrelation,
    EigenspaceOverlap, LinearCka, LinearRegression, Many, One, Outputs, ParticipationRatio, Procrustes, RbfCka, Rsa,
};
use crate::layer::{Layer, PartId, Reason};
use crate::names;

/// A measure that can be asked for.
pub struct Entry {
    /// What it says of itself.
    pub card: &'static Card,
    /// What can be chosen of it.
    pub parameters: &'static [Parameter],
    /// Makes it, with its parameters.
    make: Make,
    /// Whether people see it in lists; the others are general forms of listed ones, to be asked for by id.
    pub listed: bool,
}

/// A measure with its parameters, by what it takes.
pub enum Question {
    /// Of one layer.
    One(Box<dyn One>),
    /// Of two layers.
    Pair(Box<dyn AnyPair>),
    /// Of layers of many networks that correspond.
    Many(Box<dyn Many>),
    /// Of what two networks say of the samples.
    Outputs(Box<dyn Outputs>),
}

impl Question {
    fn pair(measure: impl super::Pair) -> Self {
        Self::Pair(Box::new(measure))
    }

    fn many(measure: impl Many + 'static) -> Self {
        Self::Many(Box::new(measure))
    }

    fn outputs(measure: impl Outputs + 'static) -> Self {
        Self::Outputs(Box::new(measure))
    }

    fn rsa(distance: Distance, comparator: Comparator) -> Self {
        Self::pair(Rsa { distance, comparator })
    }

    /// The parts of a layer that it reads.
    #[must_use]
    pub fn needs(&self) -> &'static [PartId] {
        match self {
            Self::One(measure) => measure.needs(),
            Self::Pair(measure) => measure.needs(),
            Self::Many(measure) => measure.needs(),
            Self::Outputs(_) => &[],
        }
    }
}

/// A measure under the id by which it was asked for.
pub struct Measure {
    /// Its id: the card's, and the parameters that are not as usual: `svcca:variance=0.9`.
    pub id: String,
    /// Its name for people: the card's, with the parameters that are not as usual.
    pub name: String,
    /// What it says of itself.
    pub card: &'static Card,
    /// The measure itself.
    pub question: Question,
}

impl Measure {
    /// Whether a layer can be used, and has as many samples as the card or the parameters ask for.
    ///
    /// # Errors
    /// [`Reason::Unusable`], [`Reason::FewSamples`].
    pub fn accept(&self, layer: &Layer) -> Result<(), Reason> {
        if let Some(fault) = layer.fault() {
            return Err(fault.clone());
        }
        self.accept_samples(layer.facts.samples)
    }

    /// Whether there are as many samples as the card or the parameters ask for.
    ///
    /// # Errors
    /// [`Reason::FewSamples`].
    pub fn accept_samples(&self, found: usize) -> Result<(), Reason> {
        let minimum = match &self.question {
            Question::Pair(pair) => pair.minimum_samples().unwrap_or(self.card.minimum_samples),
            _ => self.card.minimum_samples,
        };
        if found < minimum { Err(Reason::FewSamples { minimum, found }) } else { Ok(()) }
    }
}

type Make = fn(&Chosen) -> Result<Question, ParameterError>;

/// Declares [`registry`] and [`cards`] from one list: the card, whether people see it in lists, the parameters, and how the
/// measure is made.
macro_rules! measures {
    ($(($card:expr, $listed:expr, $parameters:expr, $make:expr)),+ $(,)?) => {
        static REGISTRY: &[Entry] = &[$(Entry { card: &$card, listed: $listed, parameters: $parameters, make: $make }),+];

        // Apart from the registry: a program that only shows cards does not carry the measures' code.
        static CARDS: &[(&Card, bool)] = &[$((&$card, $listed)),+];
    };
}

// To add a measure, add a line here.
measures![
    (cka::LINEAR, true, &[], |_| Ok(Question::pair(LinearCka))),
    (cka::DEBIASED, true, &[], |_| Ok(Question::pair(DebiasedCka))),
    (rbf_cka::MEDIAN, true, rbf_cka::PARAMETERS, |chosen| {
        Ok(Question::pair(RbfCka { fraction: chosen.get(0).unwrap_or(1.0) }))
    }),
    (rbf_cka::HALF_MEDIAN, true, &[], |_| Ok(Question::pair(RbfCka { fraction: 0.5 }))),
    (distance_correlation::SQUARED, true, &[], |_| Ok(Question::pair(DistanceCorrelation::Squared))),
    (distance_correlation::BIAS_CORRECTED, true, &[], |_| Ok(Question::pair(DistanceCorrelation::BiasCorrected))),
    (procrustes::ANGLE, true, &[], |_| Ok(Question::pair(Procrustes::Angle))),
    (procrustes::SQUARED, true, &[], |_| Ok(Question::pair(Procrustes::Squared))),
    (procrustes::NORMALISED_BURES, true, &[], |_| Ok(Question::pair(Procrustes::NormalisedBures))),
    (procrustes::SIZE_AND_SHAPE_SQUARED, true, &[], |_| Ok(Question::pair(Procrustes::SizeAndShapeSquared))),
    (partial_whitening::CARD, true, partial_whitening::PARAMETERS, |chosen| {
        Ok(Question::pair(PartialWhitening { alpha: chosen.get(0).unwrap_or(0.5) }))
    }),
    (aligned_cosine::CARD, true, &[], |_| Ok(Question::pair(AlignedCosine))),
    (permutation_procrustes::ANGLE, true, &[], |_| Ok(Question::pair(PermutationProcrustes::Angle))),
    (permutation_procrustes::SIZE_AND_SHAPE_SQUARED, true, &[], |_| Ok(Question::pair(
        PermutationProcrustes::SizeAndShapeSquared
    ))),
    (correlation_match::HARD, true, &[], |_| Ok(Question::pair(CorrelationMatch::Hard))),
    (soft_matching::SQUARED, true, &[], |_| Ok(Question::pair(SoftMatching::Squared))),
    (soft_matching::CORRELATION, true, &[], |_| Ok(Question::pair(SoftMatching::Correlation))),
    (correlation_match::SOFT, true, &[], |_| Ok(Question::pair(CorrelationMatch::Soft))),
    (svcca::VARIANCE_99, true, &[], |_| Ok(Question::pair(svcca::chosen(&Chosen::default())?))),
    (svcca::CARD, false, svcca::PARAMETERS, |chosen| Ok(Question::pair(svcca::chosen(chosen)?))),
    (cca::MEAN, true, &[], |_| Ok(Question::pair(Cca::Mean))),
    (cca::MEAN_SQUARED, true, &[], |_| Ok(Question::pair(Cca::MeanSquared))),
    (pwcca::FIRST, true, &[], |_| Ok(Question::pair(Pwcca::First))),
    (pwcca::SMALLER, true, &[], |_| Ok(Question::pair(Pwcca::Smaller))),
    (pwcca::MEAN, true, &[], |_| Ok(Question::pair(Pwcca::Mean))),
    (eigenspace_overlap::CARD, true, &[], |_| Ok(Question::pair(EigenspaceOverlap))),
    (linear_regression::CARD, true, &[], |_| Ok(Question::pair(LinearRegression))),
    (gulp::CARD, true, gulp::PARAMETERS, |chosen| Ok(Question::pair(Gulp { lambda: chosen.get(0).unwrap_or(0.01) }))),
    (leave_one_out::CARD, true, &[], |_| Ok(Question::pair(LeaveOneOut))),
    (rsa::CORRELATION_SPEARMAN, true, &[], |_| Ok(Question::rsa(Distance::Correlation, Comparator::Spearman))),
    (rsa::CORRELATION_PEARSON, true, &[], |_| Ok(Question::rsa(Distance::Correlation, Comparator::Pearson))),
    (rsa::CORRELATION_KENDALL_A, true, &[], |_| Ok(Question::rsa(Distance::Correlation, Comparator::KendallTauA))),
    (rsa::CORRELATION_KENDALL_B, true, &[], |_| Ok(Question::rsa(Distance::Correlation, Comparator::KendallTauB))),
    (rsa::CORRELATION_COSINE, true, &[], |_| Ok(Question::rsa(Distance::Correlation, Comparator::Cosine))),
    (rsa::CORRELATION_WHITENED_COSINE, true, &[], |_| Ok(Question::rsa(
        Distance::Correlation,
        Comparator::WhitenedCosine
    ))),
    (rsa::COSINE_SPEARMAN, true, &[], |_| Ok(Question::rsa(Distance::Cosine, Comparator::Spearman))),
    (rsa::COSINE_PEARSON, true, &[], |_| Ok(Question::rsa(Distance::Cosine, Comparator::Pearson))),
    (rsa::COSINE_KENDALL_A, true, &[], |_| Ok(Question::rsa(Distance::Cosine, Comparator::KendallTauA))),
    (rsa::COSINE_KENDALL_B, true, &[], |_| Ok(Question::rsa(Distance::Cosine, Comparator::KendallTauB))),
    (rsa::COSINE_COSINE, true, &[], |_| Ok(Question::rsa(Distance::Cosine, Comparator::Cosine))),
    (rsa::COSINE_WHITENED_COSINE, true, &[], |_| Ok(Question::rsa(Distance::Cosine, Comparator::WhitenedCosine))),
    (rsa::EUCLIDEAN_SPEARMAN, true, &[], |_| Ok(Question::rsa(Distance::Euclidean, Comparator::Spearman))),
    (rsa::EUCLIDEAN_PEARSON, true, &[], |_| Ok(Question::rsa(Distance::Euclidean, Comparator::Pearson))),
    (rsa::EUCLIDEAN_KENDALL_A, true, &[], |_| Ok(Question::rsa(Distance::Euclidean, Comparator::KendallTauA))),
    (rsa::EUCLIDEAN_KENDALL_B, true, &[], |_| Ok(Question::rsa(Distance::Euclidean, Comparator::KendallTauB))),
    (rsa::EUCLIDEAN_COSINE, true, &[], |_| Ok(Question::rsa(Distance::Euclidean, Comparator::Cosine))),
    (rsa::EUCLIDEAN_WHITENED_COSINE, false, &[], |_| Ok(Question::rsa(
        Distance::Euclidean,
        Comparator::WhitenedCosine
    ))),
    (rsa::SQUARED_EUCLIDEAN_SPEARMAN, false, &[], |_| Ok(Question::rsa(
        Distance::SquaredEuclidean,
        Comparator::Spearman
    ))),
    (rsa::SQUARED_EUCLIDEAN_PEARSON, true, &[], |_| Ok(Question::rsa(Distance::SquaredEuclidean, Comparator::Pearson))),
    (rsa::SQUARED_EUCLIDEAN_KENDALL_A, false, &[], |_| Ok(Question::rsa(
        Distance::SquaredEuclidean,
        Comparator::KendallTauA
    ))),
    (rsa::SQUARED_EUCLIDEAN_KENDALL_B, false, &[], |_| Ok(Question::rsa(
        Distance::SquaredEuclidean,
        Comparator::KendallTauB
    ))),
    (rsa::SQUARED_EUCLIDEAN_COSINE, true, &[], |_| Ok(Question::rsa(Distance::SquaredEuclidean, Comparator::Cosine))),
    (rsa::SQUARED_EUCLIDEAN_WHITENED_COSINE, false, &[], |_| Ok(Question::rsa(
        Distance::SquaredEuclidean,
        Comparator::WhitenedCosine
    ))),
    (norm_difference::CARD, true, &[], |_| Ok(Question::pair(RsmNormDifference))),
    (mutual_knn::MUTUAL_KNN, true, neighbours::PARAMETERS, |chosen| {
        Ok(Question::pair(MutualKnn { k: neighbours::k(chosen) }))
    }),
    (jaccard::JACCARD, true, neighbours::PARAMETERS, |chosen| {
        Ok(Question::pair(Jaccard { k: neighbours::k(chosen) }))
    }),
    (rank_similarity::RANK_SIMILARITY, true, neighbours::PARAMETERS, |chosen| {
        Ok(Question::pair(RankSimilarity { k: neighbours::k(chosen) }))
    }),
    (joint_rank_jaccard::JOINT_RANK_JACCARD, true, neighbours::PARAMETERS, |chosen| {
        Ok(Question::pair(JointRankJaccard { k: neighbours::k(chosen) }))
    }),
    (cycle_knn::CYCLE_KNN, true, neighbours::PARAMETERS, |chosen| {
        Ok(Question::pair(CycleKnn { k: neighbours::k(chosen) }))
    }),
    (cknna::CKNNA, true, neighbours::PARAMETERS, |chosen| Ok(Question::pair(Cknna { k: neighbours::k(chosen) }))),
    (second_order_cosine::COSINES, true, neighbours::PARAMETERS, |chosen| {
        Ok(Question::pair(SecondOrderCosine { profile: Profile::Cosines, k: neighbours::k(chosen) }))
    }),
    (second_order_cosine::DISTANCES, true, neighbours::PARAMETERS, |chosen| {
        Ok(Question::pair(SecondOrderCosine { profile: Profile::Distances, k: neighbours::k(chosen) }))
    }),
    (participation::CARD, false, &[], |_| Ok(Question::One(Box::new(ParticipationRatio)))),
    (compromise::CARD, false, &[], |_| Ok(Question::Many(Box::new(Compromise)))),
    (shared_response::DETERMINISTIC, false, shared_response::PARAMETERS, |chosen| {
        Ok(Question::many(SharedResponse::chosen(ResponseModel::Deterministic, chosen)))
    }),
    (shared_response::PROBABILISTIC, false, shared_response::PARAMETERS, |chosen| {
        Ok(Question::many(SharedResponse::chosen(ResponseModel::Probabilistic, chosen)))
    }),
    (procrustes_mean::CARD, false, &[], |_| Ok(Question::many(ProcrustesMean))),
    (rsm_consistency::CARD, false, &[], |_| Ok(Question::many(RsmConsistency))),
    (inter_subject::CARD, false, &[], |_| Ok(Question::many(InterSubjectCorrelation))),
    (disagreement::CARD, false, &[], |_| Ok(Question::Outputs(Box::new(Disagreement)))),
    (divergence::KULLBACK_LEIBLER, false, &[], |_| Ok(Question::outputs(Divergence::KullbackLeibler))),
    (divergence::REVERSE, false, &[], |_| Ok(Question::outputs(Divergence::Reverse))),
    (divergence::JENSEN_SHANNON, false, &[], |_| Ok(Question::outputs(Divergence::JensenShannon))),
    (logit_distance::CARD, false, &[], |_| Ok(Question::outputs(LogitDistance))),
    (d_llv::LARGEST, false, d_llv::PARAMETERS, |chosen| {
        Ok(Question::outputs(LogLikelihoodVariance::chosen(Together::Largest, chosen)))
    }),
    (d_llv::SUM, false, d_llv::PARAMETERS, |chosen| {
        Ok(Question::outputs(LogLikelihoodVariance::chosen(Together::Sum, chosen)))
    }),
];

/// All measures, in the order in which people see them.
#[must_use]
pub fn registry() -> &'static [Entry] {
    REGISTRY
}

/// What the listed measures of two layers say of themselves.
#[must_use]
pub fn cards() -> Vec<&'static Card> {
    let listed = CARDS.iter().filter(|(card, listed)| *listed && card.arity == Arity::Pair);
    listed.map(|&(card, _)| card).collect()
}

/// There is no measure with this id, or not with these parameters.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum UnknownMeasure {
    /// There is no measure with this id.
    #[error("measure {id:?}: expected one of {known}{}", names::hint(.nearest))]
    Id {
        /// What was asked for.
        id: String,
        /// Ids that are spelt alike, nearest first.
        nearest: Vec<&'static str>,
        /// All ids.
        known: String,
    },
    /// Not with these parameters.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
}

impl Entry {
    /// The measure with its usual parameters.
    ///
    /// # Errors
    /// [`ParameterError`] when the entry's own defaults contradict each other.
    pub fn usual(&self) -> Result<Measure, ParameterError> {
        self.with(None)
    }

    fn with(&self, parameters: Option<&str>) -> Result<Measure, ParameterError> {
        let Self { card, parameters: known, make, .. } = self;
        let chosen = parameter::read(card.id, known, parameters)?;
        let written = parameter::written(known, &chosen);
        let name = match written.strip_prefix(':') {
            Some(parameters) => format!("{}, {}", card.name, parameters.replace('=', " ").replace(',', ", ")),
            None => card.name.to_owned(),
        };
        Ok(Measure { id: format!("{}{written}", card.id), name, card, question: make(&chosen)? })
    }
}

/// The measure with this id, such as `cka-linear-debiased` or `svcca:variance=0.9`.
///
/// # Errors
/// [`UnknownMeasure`], which lists ids that are spelt alike, or says which parameter cannot be taken.
pub fn find(id: &str) -> Result<Measure, UnknownMeasure> {
    let (name, parameters) = match id.split_once(':') {
        Some((name, parameters)) => (name, Some(parameters)),
        None => (id, None),
    };
    if let Some(entry) = REGISTRY.iter().find(|entry| entry.card.id == name) {
        return Ok(entry.with(parameters)?);
    }
    let ids: Vec<&'static str> = REGISTRY.iter().map(|entry| entry.card.id).collect();
    let wanted = name.to_ascii_lowercase().replace(['_', ' '], "-");
    let nearest = names::nearest(&wanted, ids.iter().copied());
    Err(UnknownMeasure::Id { id: id.to_owned(), nearest, known: ids.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_found() {
        for entry in registry() {
            let id = entry.card.id;
            assert!(std::ptr::eq(find(id).unwrap().card, entry.card), "{id}");
            assert_eq!(entry.usual().unwrap().id, id);
        }
    }

    #[test]
    fn a_misspelt_id_is_answered_with_near_ones() {
        let nearest = |id: &str| match find(id).err().unwrap() {
            UnknownMeasure::Id { nearest, .. } => nearest,
            UnknownMeasure::Parameters(error) => panic!("{error}"),
        };
        assert_eq!(nearest("cka-linaer"), ["cka-linear"]);
        assert_eq!(nearest("CKA_linear_debiased"), ["cka-linear-debiased"]);
        assert!(nearest("entropy").is_empty());
        let message = find("cka-linaer").err().unwrap().to_string();
        assert!(message.starts_with("measure \"cka-linaer\": expected one of cka-linear, "), "{message}");
        assert!(message.ends_with("did you mean cka-linear?"), "{message}");
    }

    #[test]
    fn parameters_are_part_of_the_id() {
        let id = |text: &str| find(text).unwrap().id;
        assert_eq!(id("svcca:variance=0.9"), "svcca:variance=0.9");
        assert_eq!(id("svcca:variance=0.99"), "svcca");
        assert_eq!(id("svcca:directions=3"), "svcca:directions=3");
        assert_eq!(id("cka-rbf: fraction = 0.25"), "cka-rbf:fraction=0.25");
        assert_eq!(find("svcca:directions=3").unwrap().name, "SVCCA, directions 3");
        let refused = |text: &str| find(text).err().unwrap().to_string();
        assert_eq!(refused("cka-rbf:width=1"), "measure cka-rbf: there is no parameter \"width\"; expected fraction");
        assert_eq!(refused("cka-linear:x=1"), "measure cka-linear: there is no parameter \"x\"; expected none");
        assert_eq!(
            refused("svcca:directions=2.5"),
            "measure svcca: expected directions as a whole number from 1 to 1000000, found \"2.5\""
        );
        assert_eq!(
            refused("svcca:variance=0.9,directions=2"),
            "measure svcca: variance and directions exclude each other; give one of them"
        );
        for text in ["svcca:variance=NaN", "svcca:variance", "svcca:", "cka-rbf:fraction=-1"] {
            assert!(find(text).is_err(), "{text}");
        }
    }
}

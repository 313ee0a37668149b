//! Similarity measures: a folder for what they take, a file for each, one registry.
//!
//! A measure of two layers works in two steps. [`Pair::prepare`] does the costly part once per layer, from the parts that
//! are kept of the [`Layer`](crate::layer::Layer); [`Pair::compare`] is the pair and [`Pair::map`] all pairs of two
//! networks. A measure of one layer is a [`One`], of layers of many networks that correspond a [`Many`], of what two networks
//! say of the samples an [`Outputs`]. [`registry`] lists all measures; [`find`] looks one up by its id and parameters.

mod card;
mod many;
mod one;
mod outputs;
mod pair;
mod parameter;
mod registry;
mod samples;
mod sum;
#[cfg(test)]
mod tests;

pub use card::{Arity, Card, Direction, Family, Invariance, Range};
pub use many::compromise::Compromise;
pub use many::inter_subject::InterSubjectCorrelation;
pub use many::procrustes_mean::ProcrustesMean;
pub use many::rsm_consistency::RsmConsistency;
pub use many::shared_response::{ResponseModel, SharedResponse};
pub use many::{Group, Many};
pub use one::One;
pub use one::participation::ParticipationRatio;
pub use outputs::Outputs;
pub use outputs::disagreement::Disagreement;
pub use outputs::divergence::Divergence;
pub use outputs::log_likelihood_variance::{LogLikelihoodVariance, Together};
pub use outputs::logit_distance::LogitDistance;
pub use pair::correlation::pwcca::Pwcca;
pub use pair::correlation::{Cca, EigenspaceOverlap, Span, Svcca, Truncation};
pub use pair::kernel::{DebiasedCka, DistanceCorrelation, Kernel, LinearCka, MinibatchCka, RbfCka};
pub use pair::neighbours::{
    Cknna, CycleKnn, Jaccard, JointRankJaccard, MutualKnn, Profile, RankSimilarity, SecondOrderCosine,
};
pub use pair::prediction::LinearRegression;
pub use pair::prediction::gulp::Gulp;
pub use pair::prediction::leave_one_out::LeaveOneOut;
pub use pair::rsa::{Comparator, Distance, Rsa, RsmNormDifference};
pub use pair::shape::Procrustes;
pub use pair::shape::aligned_cosine::AlignedCosine;
pub use pair::shape::partial_whitening::PartialWhitening;
pub use pair::units::correlation_match::CorrelationMatch;
pub use pair::units::permutation_procrustes::PermutationProcrustes;
pub use pair::units::soft_matching::SoftMatching;
pub use pair::{AnyPair, Block, Pair, Prepared, UnitTriangle};
pub use parameter::{Chosen, Parameter, ParameterError};
pub use registry::{Entry, Measure, Question, UnknownMeasure, cards, find, registry};
pub use samples::Samples;

//! Measures of canonical correlations: what the column spaces of two layers have in common.

pub(in crate::similarity) mod cca;
pub(in crate::similarity) mod eigenspace_overlap;
pub(in crate::similarity) mod pwcca;
mod span;
pub(in crate::similarity) mod svcca;

pub use cca::Cca;
pub use eigenspace_overlap::EigenspaceOverlap;
pub use span::Span;
pub use svcca::{Svcca, Truncation};

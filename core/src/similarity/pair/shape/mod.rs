//! Measures of shape: two clouds of samples, laid over one another as well as the allowed maps can.

pub(in crate::similarity) mod aligned_cosine;
pub(in crate::similarity) mod partial_whitening;
pub(in crate::similarity) mod procrustes;

pub use procrustes::Procrustes;

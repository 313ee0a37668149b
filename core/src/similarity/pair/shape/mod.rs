//! Measures of shape: two clouds of samples, laid over one another as well as the allowed maps can.

pub(in crate::similarity) mod procrustes;

pub use procrustes::Procrustes;

//! Measures that are the cosine between two kernel matrices.

pub(in crate::similarity) mod cka;
pub(in crate::similarity) mod distance_correlation;
mod minibatch_cka;
pub(in crate::similarity) mod rbf_cka;

use faer::Mat;

use super::{Block, Pair, UnitTriangle};
use crate::layer::{Gram, Kept, Layer, Order, PartId, Reason};
use crate::similarity::Samples;

pub use cka::{DebiasedCka, LinearCka};
pub use distance_correlation::DistanceCorrelation;
pub use minibatch_cka::MinibatchCka;
pub use rbf_cka::RbfCka;

/// A measure whose value is ⟨K, L⟩ / (‖K‖_F ‖L‖_F), with K and L made from the layers' Gram matrices.
pub trait Kernel: Send + Sync + 'static {
    /// The kernel matrix of a Gram matrix, centred as the estimator asks for and scaled to norm 1. Where rows were drawn,
    /// `origin` is for each the sample that it is.
    ///
    /// # Errors
    /// [`Reason`] when there is none.
    fn matrix(&self, gram: &Kept<Mat<f64>>, origin: Option<&[usize]>) -> Result<UnitTriangle, Reason>;
}

impl<K: Kernel> Pair for K {
    type Prepared = UnitTriangle;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Gram]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<UnitTriangle, Reason> {
        self.matrix(layer.part::<Gram>()?, layer.origin())
    }

    async fn compare(&self, a: &UnitTriangle, b: &UnitTriangle) -> Result<f64, Reason> {
        a.cosine(b)
    }

    fn map(&self, a: &[&UnitTriangle], b: &[&UnitTriangle]) -> Block {
        UnitTriangle::cosines(a, b)
    }

    fn maps_at_once(&self) -> bool {
        true
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &UnitTriangle, order: &Order) -> Option<UnitTriangle> {
        Some(prepared.permuted(order))
    }
}

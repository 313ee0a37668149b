//! Centred kernel alignment with the linear kernel.

use faer::Mat;

use super::Kernel;
use crate::layer::{Kept, Reason, double_centred};
use crate::similarity::pair::triangle::{UnitTriangle, largest, u_centred};
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Range};

/// Linear CKA, from the biased estimator of HSIC.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinearCka;

pub(in crate::similarity) static LINEAR: Card = Card {
    id: "cka-linear",
    name: "CKA (linear)",
    formula: "CKA(X, Y) = ‖Ycᵀ Xc‖²_F / (‖Xcᵀ Xc‖_F ‖Ycᵀ Yc‖_F) = ⟨K, L⟩ / (‖K‖_F ‖L‖_F), with K = Xc Xcᵀ and L = Yc Ycᵀ",
    summary: "Do the two layers place the samples alike, up to rotation and overall scale?",
    source: "Kornblith, Norouzi, Lee & Hinton, Similarity of Neural Network Representations Revisited, ICML 2019",
    family: Family::Kernel,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: 0.0, high: 1.0 },
    invariances: INVARIANCES,
    minimum_samples: 2,
    requirement: "",
    estimator: "Biased HSIC: independent layers score above 0, and near 1 where features far outnumber samples \
                (n = 50: 0.17 for 10 features, 0.99 for 5,000). Prefer the debiased estimator for few samples.",
};

/// Linear CKA, from the unbiased estimator of HSIC.
#[derive(Debug, Clone, Copy, Default)]
pub struct DebiasedCka;

pub(in crate::similarity) static DEBIASED: Card = Card {
    id: "cka-linear-debiased",
    name: "CKA (linear, debiased)",
    formula: "CKA(X, Y) = HSIC₁(K, L) / √(HSIC₁(K, K) HSIC₁(L, L)), HSIC₁(K, L) = ⟨K̃, L̃⟩ / (n (n − 3)), with K̃ and L̃ the \
              U-centred X Xᵀ and Y Yᵀ",
    summary: "Do the two layers place the samples alike, with chance agreement of few samples taken out?",
    source: "Kornblith, Norouzi, Lee & Hinton, ICML 2019; Nguyen, Raghu & Kornblith, Do Wide and Deep Networks Learn the \
             Same Things?, ICLR 2021; HSIC₁: Song, Smola, Gretton, Bedo & Borgwardt, JMLR 2012; U-centring: Székely & Rizzo, \
             Annals of Statistics 2014",
    family: Family::Kernel,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: -1.0, high: 1.0 },
    invariances: INVARIANCES,
    minimum_samples: 4,
    requirement: "",
    estimator: "Unbiased HSIC: independent layers score 0 on average, so that single values may be negative. The ratio itself \
                keeps a small bias.",
};

pub(in crate::similarity) const INVARIANCES: &[Invariance] =
    &[Invariance::Orthogonal, Invariance::IsotropicScaling, Invariance::Permutation, Invariance::Translation];

impl Kernel for LinearCka {
    fn matrix(
        &self,
        Kept { value: gram, .. }: &Kept<Mat<f64>>,
        _origin: Option<&[usize]>,
    ) -> Result<UnitTriangle, Reason> {
        // Centred once more: what is left of the means after rounding would enter every entry with the same sign.
        let kernel = double_centred(&(gram * faer::Scale(1.0 / largest(gram))));
        UnitTriangle::new(&kernel, 0.0, Reason::Coincide)
    }
}

impl Kernel for DebiasedCka {
    fn matrix(
        &self,
        Kept { value: gram, precision }: &Kept<Mat<f64>>,
        origin: Option<&[usize]>,
    ) -> Result<UnitTriangle, Reason> {
        let kernel = u_centred(&(gram * faer::Scale(1.0 / largest(gram))), origin);
        // Rounding leaves about this norm where the exact matrix is zero.
        let negligible = 4.0 * precision.rounding() * gram.nrows() as f64;
        UnitTriangle::new(&kernel, negligible, Reason::Equidistant)
    }
}

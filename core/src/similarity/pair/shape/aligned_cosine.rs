//! Cosines between samples of two layers, after the best rotation.

use faer::{Mat, Scale};

use crate::decomposition::{LeftSvd, ThinSvd, cross};
use crate::layer::{Coordinates, Layer, Order, PartId, Reason};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Pair, Range, Samples};

/// The mean cosine between rotated samples of one layer and those of the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlignedCosine;

pub(in crate::similarity) static CARD: Card = Card {
    id: "aligned-cosine",
    name: "Aligned cosine",
    formula: "cos(X, Y) = (1/n) Σᵢ ⟨xᵢ Q, yᵢ⟩ / (‖xᵢ‖ ‖yᵢ‖), with xᵢ and yᵢ the rows of Xc and Yc and Q the rotation that minimises \
              ‖Xc Q − Yc‖_F",
    summary: "In how similar a direction from the mean does each sample lie in the two layers, after the best rotation?",
    source: "Hamilton, Leskovec & Jurafsky, Diachronic Word Embeddings Reveal Statistical Laws of Semantic Change, ACL 2016; Klabunde, \
             Schumacher, Strohmaier & Lemmerich, Similarity of Neural Network Models: A Survey of Functional and Representational \
             Measures, ACM Computing Surveys 2025",
    family: Family::Shape,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: -1.0, high: 1.0 },
    invariances: &[
        Invariance::Orthogonal,
        Invariance::IsotropicScaling,
        Invariance::Permutation,
        Invariance::Translation,
    ],
    minimum_samples: 3,
    requirement: "no sample at the mean of all; of two layers no directions that are orthogonal to each other's",
    estimator: "Of centred layers, where the peers' are as they are. Every sample counts the same, however far from the mean. No correction for \
                chance: independent layers score higher as features outnumber samples. Where Xcᵀ Yc has a lower rank than either layer the \
                best rotation is not unique, and there is no value.",
};

/// What is kept of a layer.
pub struct Prepared {
    /// Principal coordinates, over the largest value.
    coordinates: Mat<f64>,
    /// The length of each row of them.
    lengths: Vec<f64>,
}

impl Pair for AlignedCosine {
    type Prepared = Prepared;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Coordinates]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Prepared, Reason> {
        let kept = layer.part::<Coordinates>()?;
        let largest = kept.value.norm_max();
        if largest == 0.0 {
            return Err(Reason::Coincide);
        }
        let scaled = &kept.value * Scale(1.0 / largest);
        let LeftSvd { u, values } = LeftSvd::of(scaled.as_ref()).await?;
        let (rows, columns) = scaled.shape();
        let rounding = rows.max(columns) as f64 * kept.precision.rounding();
        let rank = values.iter().take_while(|&&value| value > rounding * values[0]).count();
        let mut coordinates = u.subcols(0, rank).to_owned();
        for (mut column, value) in coordinates.col_iter_mut().zip(&values) {
            column *= Scale(*value);
        }
        let lengths: Vec<f64> = coordinates.row_iter().map(|row| row.norm_l2()).collect();
        let longest = lengths.iter().copied().fold(0.0, f64::max);
        match lengths.iter().position(|&length| length <= rounding * longest) {
            Some(row) => Err(Reason::MeanRow { row }),
            None => Ok(Prepared { coordinates, lengths }),
        }
    }

    async fn compare(&self, a: &Prepared, b: &Prepared) -> Result<f64, Reason> {
        let rows = a.lengths.len();
        same_length(rows, b.lengths.len())?;
        let product = cross(&a.coordinates, &b.coordinates).await;
        let ThinSvd { u, values, v } = ThinSvd::of(product.as_ref()).await?;
        let negligible = rows as f64 * f64::EPSILON * values[0];
        if values[values.len() - 1] <= negligible {
            return Err(Reason::ArbitraryRotation);
        }
        // Q = U Vᵀ, of which no copy is needed.
        let left = cross(&a.coordinates.transpose().to_owned(), &u).await;
        let right = cross(&b.coordinates.transpose().to_owned(), &v).await;
        let cosines = (0..rows).map(|row| {
            let product: f64 = left.row(row).iter().zip(right.row(row).iter()).map(|(x, y)| x * y).sum();
            product / (a.lengths[row] * b.lengths[row])
        });
        Ok(cosines.sum::<f64>() / rows as f64)
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &Prepared, order: &Order) -> Option<Prepared> {
        let lengths = order.indices().iter().map(|&row| prepared.lengths[row]).collect();
        Some(Prepared { coordinates: order.rows(&prepared.coordinates), lengths })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{layer, value};

    #[test]
    fn a_rotation_that_is_arbitrary_and_a_sample_at_the_mean_have_no_value() {
        // Two orthogonal contrasts of four samples.
        let (x, y) = (layer(&[1.0, 1.0, -1.0, -1.0], 1), layer(&[1.0, -1.0, 1.0, -1.0], 1));
        assert_eq!(value(&AlignedCosine, &x, &y), Err(Reason::ArbitraryRotation));
        let mean = layer(&[1.0, 0.0, -1.0, 3.0, -3.0], 1);
        let other = layer(&[1.0, 2.0, 3.0, 4.0, 6.0], 1);
        assert_eq!(value(&AlignedCosine, &mean, &other), Err(Reason::MeanRow { row: 1 }));
    }
}

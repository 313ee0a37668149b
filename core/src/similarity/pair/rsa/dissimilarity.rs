//! The dissimilarities of all pairs of samples in a layer.

use super::Distance;
use crate::layer::{Gram, Kept, Layer, Reason, RowCorrelation, RowCosine};
use crate::similarity::pair::distance;
use faer::Mat;

/// Dissimilarities of the samples i > j of column j, column by column.
pub(super) struct Dissimilarities {
    pub(super) values: Vec<f64>,
    /// Equal pairs of samples come out this far apart.
    pub(super) tolerance: f64,
}

impl Dissimilarities {
    /// Of different samples: a sample that was drawn twice is at distance 0 from itself, which says nothing.
    pub(super) fn of(distance: Distance, layer: &Layer) -> Result<Self, Reason> {
        let Self { values, tolerance } = Self::of_all(distance, layer)?;
        let size = layer.facts.samples;
        let places = (0..size).flat_map(|column| (column + 1..size).map(move |row| (row, column)));
        let different = values.into_iter().zip(places).filter(|&(_, (row, column))| !layer.same_sample(row, column));
        Ok(Self { values: different.map(|(value, _)| value).collect(), tolerance })
    }

    /// Of all pairs of rows.
    pub(super) fn of_all(distance: Distance, layer: &Layer) -> Result<Self, Reason> {
        match distance {
            Distance::Correlation => return Ok(Self::below_one(layer.part::<RowCorrelation>()?)),
            Distance::Cosine => return Ok(Self::below_one(layer.part::<RowCosine>()?)),
            Distance::Euclidean | Distance::SquaredEuclidean => {}
        }
        let gram = layer.part::<Gram>()?;
        let (mut values, mut tolerance) = (distance::squared_below(gram), 64.0 * gram.precision.rounding());
        if distance == Distance::Euclidean {
            values.iter_mut().for_each(|value| *value = value.sqrt());
            // Of a sum of squares near 1, where the root halves what is relative.
            tolerance *= 0.5;
        }
        Ok(Self { values, tolerance })
    }

    /// What likenesses of at most 1 are below that.
    fn below_one(kept: &Kept<Mat<f64>>) -> Self {
        let (likeness, size) = (&kept.value, kept.value.nrows());
        let column = |column: usize| (column + 1..size).map(move |row| 1.0 - likeness[(row, column)]);
        Self { values: (0..size).flat_map(column).collect(), tolerance: 64.0 * kept.precision.rounding() }
    }
}

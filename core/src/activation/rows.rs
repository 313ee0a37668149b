//! From feature maps to rows of a representation.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{Matrix, RowPolicy};
use crate::model::Shape;

impl RowPolicy {
    /// Rows and columns that maps of this shape become, of this many images.
    #[must_use]
    pub fn size(self, shape: Shape, images: usize) -> (usize, usize) {
        let (channels, positions) = channels_and_positions(shape);
        match self {
            Self::Flatten => (images, shape.len()),
            Self::AveragePool => (images, channels),
            Self::PositionsAsSamples => (images.saturating_mul(positions), channels),
            Self::Units { count, .. } => (images, count.min(shape.len())),
        }
    }
}

/// Rows, columns and the row-major values of a representation.
pub(super) struct Rows {
    pub(super) rows: usize,
    pub(super) features: usize,
    pub(super) values: Vec<f32>,
}

impl Rows {
    pub(super) fn into_matrix(self) -> Matrix {
        Matrix::F32(self.values)
    }
}

/// Reduces the values of whole images, each channels × height × width; none when the policy keeps them as they are.
pub(super) fn reduce(policy: RowPolicy, shape: Shape, images: usize, values: &[f32]) -> Option<Rows> {
    let (channels, positions) = channels_and_positions(shape);
    let length = shape.len().max(1);
    match policy {
        RowPolicy::Flatten => None,
        RowPolicy::AveragePool => {
            let mean = |map: &[f32]| (map.iter().map(|&value| f64::from(value)).sum::<f64>() / positions as f64) as f32;
            let values = values.chunks_exact(positions.max(1)).map(mean).collect();
            Some(Rows { rows: images, features: channels, values })
        }
        RowPolicy::PositionsAsSamples => {
            let mut rows = vec![0.0; values.len()];
            for (image, rows) in values.chunks_exact(length).zip(rows.chunks_exact_mut(length)) {
                super::layout::transpose(image, channels, positions, rows);
            }
            Some(Rows { rows: images * positions, features: channels, values: rows })
        }
        RowPolicy::Units { count, seed } => {
            let units = chosen_units(shape.len(), count, seed);
            let row = |image: &[f32]| units.iter().map(|&unit| image[unit]).collect::<Vec<_>>();
            let values = values.chunks_exact(length).flat_map(row).collect();
            Some(Rows { rows: images, features: units.len(), values })
        }
    }
}

/// The units that a seed chooses, in ascending order; all when there are no more than `count`.
pub(super) fn chosen_units(length: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut units = rand::seq::index::sample(&mut generator, length, count.min(length)).into_vec();
    units.sort_unstable();
    units
}

/// A vector is a map with one position.
pub(super) fn channels_and_positions(shape: Shape) -> (usize, usize) {
    match shape {
        Shape::Map(map) => (map.channels, map.height * map.width),
        Shape::Vector(features) => (features, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ImageShape;

    const SHAPE: Shape = Shape::Map(ImageShape { channels: 2, height: 1, width: 3 });
    const TWO_IMAGES: [f32; 12] = [1., 2., 3., 10., 20., 30., 4., 5., 6., 40., 50., 60.];

    fn reduced(policy: RowPolicy) -> (usize, usize, Vec<f32>) {
        let rows = reduce(policy, SHAPE, 2, &TWO_IMAGES).unwrap();
        (rows.rows, rows.features, rows.values)
    }

    #[test]
    fn flattening_keeps_the_values_as_they_are() {
        assert!(reduce(RowPolicy::Flatten, SHAPE, 2, &TWO_IMAGES).is_none());
    }

    #[test]
    fn pooling_takes_the_mean_of_each_channel() {
        assert_eq!(reduced(RowPolicy::AveragePool), (2, 2, vec![2., 20., 5., 50.]));
    }

    #[test]
    fn positions_become_rows_of_channels() {
        let rows = vec![1., 10., 2., 20., 3., 30., 4., 40., 5., 50., 6., 60.];
        assert_eq!(reduced(RowPolicy::PositionsAsSamples), (6, 2, rows));
    }

    #[test]
    fn units_are_the_same_columns_of_every_image() {
        let (rows, features, values) = reduced(RowPolicy::Units { count: 2, seed: 7 });
        assert_eq!((rows, features), (2, 2));
        let columns = chosen_units(6, 2, 7);
        assert_eq!(
            values,
            [TWO_IMAGES[columns[0]], TWO_IMAGES[columns[1]], TWO_IMAGES[6 + columns[0]], TWO_IMAGES[6 + columns[1]]]
        );
    }

    #[test]
    fn all_units_are_kept_when_more_are_asked_for() {
        assert_eq!(reduced(RowPolicy::Units { count: 100, seed: 7 }), (2, 6, TWO_IMAGES.to_vec()));
    }

    #[test]
    fn other_seeds_choose_other_units() {
        let first = chosen_units(1000, 20, 1);
        assert_eq!(first, chosen_units(1000, 20, 1));
        assert_ne!(first, chosen_units(1000, 20, 2));
        assert!(first.is_sorted_by(|a, b| a < b));
    }
}

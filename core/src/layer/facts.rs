//! What is known of a layer besides its values: for reasons, warnings and reports.

use faer::Mat;

use super::Kept;

/// What is known of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerFacts {
    /// Number of rows, n.
    pub samples: usize,
    /// Number of columns, p.
    pub features: usize,
    /// How many columns have equal values throughout.
    pub constant_features: usize,
    /// The row farthest from the mean; known when the Gram matrix is kept and is not zero.
    pub farthest: Option<Farthest>,
    /// How many rows coincide with an earlier one, within the rounding of the Gram matrix; known when that is kept.
    pub coinciding: Option<usize>,
}

/// The row farthest from the mean of all rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Farthest {
    /// Which row.
    pub row: usize,
    /// Its part of the total variance, ‖xᵢ − x̄‖² / Σ ‖xⱼ − x̄‖².
    pub share: f64,
}

impl LayerFacts {
    /// Whether all columns are constant, so that all samples are the same.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.constant_features == self.features
    }

    /// Learns what a Gram matrix tells.
    pub(super) fn learn(&mut self, gram: &Kept<Mat<f64>>) {
        let rows = gram.value.nrows();
        let squares: Vec<f64> = (0..rows).map(|row| gram.value[(row, row)]).collect();
        let total: f64 = squares.iter().sum();
        if total <= 0.0 {
            return;
        }
        let farthest = squares.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
        self.farthest = farthest.map(|(row, square)| Farthest { row, share: square / total });
        let coincides = |&row: &usize| {
            (0..row).any(|other| {
                let larger = squares[row].max(squares[other]);
                let squared = squares[row] + squares[other] - 2.0 * gram.value[(other, row)];
                squared <= 8.0 * gram.precision.rounding() * larger
            })
        };
        self.coinciding = Some((0..rows).filter(coincides).count());
    }
}

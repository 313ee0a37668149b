//! The same layer with its samples in another order, or drawn anew.

use std::sync::Arc;

use faer::Mat;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::part::{Parts, Slot};
use super::{Kept, Layer, LayerFacts, PartId, Units};

/// A permutation of the samples: row i of the permuted layer is row `order[i]` of the layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order(Arc<[usize]>);

impl Order {
    /// A permutation of n samples, each as likely as any other.
    #[must_use]
    pub fn random(samples: usize, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..samples).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        Self(order.into())
    }

    /// The permutation itself.
    #[must_use]
    pub fn indices(&self) -> &[usize] {
        &self.0
    }

    /// The rows of a matrix in this order.
    pub(crate) fn rows(&self, matrix: &Mat<f64>) -> Mat<f64> {
        rows(matrix, &self.0)
    }
}

/// A bootstrap sample: row i of the resampled layer is row `draw[i]` of the layer; some occur twice, some not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw(Arc<[usize]>);

impl Draw {
    /// n of n samples, drawn with replacement (Efron 1979).
    #[must_use]
    pub fn random(samples: usize, seed: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        Self((0..samples).map(|_| generator.random_range(0..samples)).collect())
    }

    /// These samples, in this order.
    #[must_use]
    pub fn of(samples: Vec<usize>) -> Self {
        Self(samples.into())
    }

    /// The drawn samples.
    #[must_use]
    pub fn indices(&self) -> &[usize] {
        &self.0
    }
}

impl Layer {
    /// The layer with its rows in another order: of every part the rows, and of n × n parts the columns too. Nothing is
    /// computed anew.
    #[must_use]
    pub fn permuted(&self, order: &Order) -> Self {
        let order = &order.0;
        let origin = self.origin.as_ref().map(|origin| order.iter().map(|&row| origin[row]).collect());
        let (square, tall) = (|matrix: &Mat<f64>| submatrix(matrix, order), |matrix: &Mat<f64>| rows(matrix, order));
        Self {
            name: self.name.clone(),
            facts: self.facts.clone(),
            origin,
            fault: self.fault.clone(),
            rows: None,
            parts: self.parts.map(square, square, tall),
        }
    }

    /// The layer on drawn rows, with those of its parts that are wanted. The Gram matrix is the submatrix, centred anew, which is
    /// the Gram matrix of the drawn rows; coordinates and units are centred anew; correlations and cosines of rows do not depend
    /// on the other rows. Pairs of rows that are the same sample say nothing, and [`Layer::same_sample`] tells them. What a Gram
    /// matrix tells of single rows is left out of the facts.
    #[must_use]
    pub fn resampled(&self, draw: &Draw, wanted: &[PartId]) -> Self {
        let draw = &draw.0;
        let origin = match &self.origin {
            Some(origin) => draw.iter().map(|&row| origin[row]).collect(),
            None => Arc::clone(draw),
        };
        let gram = |matrix: &Mat<f64>| double_centred(&submatrix(matrix, draw));
        let correlation = |matrix: &Mat<f64>| submatrix(matrix, draw);
        let tall = |matrix: &Mat<f64>| centred(rows(matrix, draw));
        let parts = self.parts.only(wanted).map(gram, correlation, tall);
        let facts = LayerFacts { samples: draw.len(), farthest: None, coinciding: None, ..self.facts.clone() };
        Self { name: self.name.clone(), facts, origin: Some(origin), fault: self.fault.clone(), rows: None, parts }
    }

    /// For each row the sample that it is, where rows were drawn.
    #[must_use]
    pub fn origin(&self) -> Option<&[usize]> {
        self.origin.as_deref()
    }

    /// Whether two rows are one sample, drawn twice.
    #[must_use]
    pub fn same_sample(&self, a: usize, b: usize) -> bool {
        a == b || self.origin.as_ref().is_some_and(|origin| origin[a] == origin[b])
    }
}

impl Parts {
    /// Those of these parts that are there; they are shared, not copied.
    fn only(&self, wanted: &[PartId]) -> Self {
        let mut parts = self.clone();
        for part in PartId::ALL {
            if !wanted.contains(&part) {
                parts.remove(part);
            }
        }
        parts
    }

    fn map(
        &self,
        gram: impl Fn(&Mat<f64>) -> Mat<f64>,
        between: impl Fn(&Mat<f64>) -> Mat<f64>,
        tall: impl Fn(&Mat<f64>) -> Mat<f64>,
    ) -> Self {
        fn mapped<T>(slot: &Slot<T>, each: impl Fn(&T) -> T) -> Slot<T> {
            let kept = |kept: &Arc<Kept<T>>| Arc::new(Kept { value: each(&kept.value), precision: kept.precision });
            slot.as_ref().map(|part| part.as_ref().map(kept).map_err(Clone::clone))
        }
        Self {
            gram: mapped(&self.gram, gram),
            coordinates: mapped(&self.coordinates, &tall),
            units: mapped(&self.units, |units| Units { features: units.features.clone(), values: tall(&units.values) }),
            row_correlation: mapped(&self.row_correlation, &between),
            row_cosine: mapped(&self.row_cosine, &between),
        }
    }
}

fn submatrix(matrix: &Mat<f64>, indices: &[usize]) -> Mat<f64> {
    Mat::from_fn(indices.len(), indices.len(), |i, j| matrix[(indices[i], indices[j])])
}

fn rows(matrix: &Mat<f64>, indices: &[usize]) -> Mat<f64> {
    Mat::from_fn(indices.len(), matrix.ncols(), |i, j| matrix[(indices[i], j)])
}

/// Less the mean of each column.
fn centred(mut matrix: Mat<f64>) -> Mat<f64> {
    let rows = matrix.nrows() as f64;
    for column in 0..matrix.ncols() {
        let mean = matrix.col(column).iter().sum::<f64>() / rows;
        matrix.col_mut(column).iter_mut().for_each(|value| *value -= mean);
    }
    matrix
}

/// H K H with H = I - 1 1ᵀ / n, for a symmetric K.
pub(crate) fn double_centred(kernel: &Mat<f64>) -> Mat<f64> {
    let size = kernel.nrows();
    let means: Vec<f64> = kernel.col_iter().map(|column| column.iter().sum::<f64>() / size as f64).collect();
    let mean = means.iter().sum::<f64>() / size as f64;
    Mat::from_fn(size, size, |i, j| kernel[(i, j)] - means[i] - means[j] + mean)
}

//! Row policies of layers that were computed elsewhere.

use std::borrow::Cow;

use super::ActivationFile;
use crate::activation::representation::{Matrix, Representation, RowPolicy};
use crate::activation::rows::chosen_units;
use crate::file::DataError;

impl ActivationFile {
    /// Whether rows can be made of the file's layers like this.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] for positions as samples: the samples of a file are its rows.
    pub fn accept(&self, policy: RowPolicy) -> Result<(), DataError> {
        match policy {
            RowPolicy::PositionsAsSamples => Err(DataError::mismatch(
                &self.file,
                "flatten, average-pool or units as the row policy of activations",
                "positions-as-samples",
            )),
            RowPolicy::Flatten | RowPolicy::AveragePool | RowPolicy::Units { .. } => Ok(()),
        }
    }

    /// The number of columns of a layer under a row policy.
    #[must_use]
    pub fn features(&self, index: usize, policy: RowPolicy) -> usize {
        let dimensions = &self.dimensions[index];
        let all = self.representations[index].features;
        match (policy, dimensions.as_slice()) {
            (RowPolicy::AveragePool, &[channels, _, _]) => channels,
            (RowPolicy::AveragePool, &[_, width]) => width,
            (RowPolicy::Units { count, .. }, _) => count.min(all),
            _ => all,
        }
    }

    /// A layer under a row policy: of `[n, channels, height, width]` the average pool is the mean of each channel, of
    /// `[n, tokens, width]` the mean over tokens; rows of other shapes stay as they are.
    #[must_use]
    pub fn representation(&self, index: usize, policy: RowPolicy) -> Cow<'_, Representation> {
        let layer = &self.representations[index];
        let matrix = match (policy, self.dimensions[index].as_slice()) {
            (RowPolicy::AveragePool, &[_, height, width]) => {
                layer.matrix.map_runs(height * width, &mut |run| vec![mean(run)])
            }
            (RowPolicy::AveragePool, &[tokens, width]) => layer
                .matrix
                .map_runs(tokens * width, &mut |row| (0..width).map(|at| mean(&column(row, at, width))).collect()),
            (RowPolicy::Units { count, seed }, _) if count < layer.features => {
                let units = chosen_units(layer.features, count, seed);
                layer.matrix.map_runs(layer.features, &mut |row| units.iter().map(|&unit| row[unit]).collect())
            }
            _ => return Cow::Borrowed(layer),
        };
        let features = self.features(index, policy);
        Cow::Owned(Representation { row_policy: policy, features, matrix, ..layer.clone() })
    }
}

fn column(row: &[f64], at: usize, width: usize) -> Vec<f64> {
    row.iter().skip(at).step_by(width).copied().collect()
}

/// The mean, added as NumPy adds: by halves, and runs of at most 128 values in eight interleaved sums.
fn mean(values: &[f64]) -> f64 {
    sum(values) / values.len() as f64
}

fn sum(values: &[f64]) -> f64 {
    const RUN: usize = 128;
    if values.len() > RUN {
        let half = values.len() / 2;
        let (first, second) = values.split_at(half - half % 8);
        return sum(first) + sum(second);
    }
    let (eights, rest) = values.as_chunks::<8>();
    let Some((first, eights)) = eights.split_first() else { return values.iter().sum() };
    let mut sums = *first;
    for eight in eights {
        sums.iter_mut().zip(eight).for_each(|(sum, value)| *sum += value);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, value| sum + value)
}

impl Matrix {
    /// What a function makes of each run of this many values, in double precision, kept in the matrix's own.
    fn map_runs(&self, length: usize, of: &mut dyn FnMut(&[f64]) -> Vec<f64>) -> Self {
        match self {
            Self::F32(values) => {
                let widened = |run: &[f32]| run.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
                let runs = values.chunks_exact(length.max(1));
                Self::F32(runs.flat_map(|run| of(&widened(run))).map(|value| value as f32).collect())
            }
            Self::F64(values) => Self::F64(values.chunks_exact(length.max(1)).flat_map(of).collect()),
            #[cfg(feature = "devices")]
            Self::Device(blocks) => Self::Device(blocks.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::Sha256Digest;
    use crate::data::SampleIds;

    fn file(dimensions: &[usize], values: Vec<f64>) -> ActivationFile {
        let features = dimensions.iter().product();
        let representation = Representation {
            layer: "a".to_owned(),
            samples: Arc::new(SampleIds { ids: Vec::new(), content: Sha256Digest::of([]) }),
            row_policy: RowPolicy::Flatten,
            rows: values.len() / features,
            features,
            matrix: Matrix::F64(values),
        };
        ActivationFile {
            file: "a.npz".to_owned(),
            sha256: Sha256Digest::of([]),
            metadata: BTreeMap::new(),
            representations: vec![representation],
            dimensions: vec![dimensions.to_vec()],
            left_aside: Vec::new(),
        }
    }

    fn reduced(dimensions: &[usize], values: Vec<f64>, policy: RowPolicy) -> (usize, Vec<f64>) {
        let file = file(dimensions, values);
        let layer = file.representation(0, policy);
        assert_eq!(layer.features, file.features(0, policy));
        match &layer.matrix {
            Matrix::F64(values) => (layer.features, values.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn maps_are_averaged_by_channel_and_tokens_by_place() {
        let values = vec![1., 2., 3., 4., 10., 20., 30., 40.];
        assert_eq!(reduced(&[2, 2, 2], values.clone(), RowPolicy::AveragePool), (2, vec![2.5, 25.0]));
        assert_eq!(reduced(&[2, 2], values.clone(), RowPolicy::AveragePool), (2, vec![2., 3., 20., 30.]));
        assert_eq!(reduced(&[4], values.clone(), RowPolicy::AveragePool), (4, values));
    }

    #[test]
    fn units_are_the_same_columns_of_every_row() {
        let policy = RowPolicy::Units { count: 2, seed: 7 };
        let units = chosen_units(4, 2, 7);
        let values: Vec<f64> = (0..8).map(f64::from).collect();
        let expected = [units[0], units[1], 4 + units[0], 4 + units[1]].map(|unit| unit as f64);
        assert_eq!(reduced(&[4], values, policy), (2, expected.to_vec()));
    }

    #[test]
    fn positions_are_no_samples_of_a_file() {
        let refused = file(&[1], vec![1.0]).accept(RowPolicy::PositionsAsSamples).unwrap_err().to_string();
        assert!(refused.ends_with("found positions-as-samples"), "{refused}");
    }

    #[test]
    fn sums_are_those_of_numpy() {
        // numpy.arange(300, dtype=float64) ** 1.5 + 0.1, and of its first 30 and 7 values, by numpy.sum (NumPy 2.4).
        let values: Vec<f64> = (0..300).map(|i| f64::from(i).powf(1.5) + 0.1).collect();
        for (count, expected) in SUMS {
            assert_eq!(sum(&values[..count]).to_bits(), f64::to_bits(expected), "{count}");
        }
    }

    const SUMS: [(usize, f64); 3] =
        [(7, 43.601_857_891_650_84), (30, 1_893.301_994_557_191), (300, 620_972.354_091_850_3)];
}

use faer::Mat;

use super::*;
use crate::similarity::sample::{generator, normal, representation};
use crate::similarity::{AnyMeasure, DebiasedCka, LinearCka};
use crate::supervise::{Cancelled, Progress};

const ALL: [Ingredient; 3] = [Ingredient::Gram, Ingredient::Coordinates, Ingredient::Correlation];

fn of(rows: usize, features: usize, matrix: Matrix, ingredients: &[Ingredient]) -> Result<Geometry, GeometryError> {
    pollster::block_on(Geometry::of(&representation(rows, features, matrix), ingredients))
}

/// ‖A - B‖ / ‖B‖.
fn distance(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    (a - b).norm_l2() / b.norm_l2()
}

/// Xc and its row-wise correlation by the definitions.
fn by_definition(values: &[f64], rows: usize, features: usize) -> (Mat<f64>, Mat<f64>) {
    let x = Mat::from_fn(rows, features, |i, j| values[i * features + j]);
    let centred = Mat::from_fn(rows, features, |i, j| x[(i, j)] - x.col(j).iter().sum::<f64>() / rows as f64);
    let deviation = |i: usize, j: usize| x[(i, j)] - x.row(i).iter().sum::<f64>() / features as f64;
    let product = |i, k| (0..features).map(|j| deviation(i, j) * deviation(k, j)).sum::<f64>();
    let correlation = Mat::from_fn(rows, rows, |i, k| product(i, k) / (product(i, i) * product(k, k)).sqrt());
    (centred, correlation)
}

#[test]
fn host_geometry_matches_the_definitions() {
    for (rows, features) in [(7, 3), (3, 7), (5, 5), (1, 4), (4, 1), (6, 1100)] {
        let values = normal(&mut generator(1), rows * features);
        let geometry = of(rows, features, Matrix::F64(values.clone()), &ALL).unwrap();
        let (centred, correlation) = by_definition(&values, rows, features);
        let gram = geometry.gram.as_ref().unwrap();
        assert!((gram - &centred * centred.transpose()).norm_max() < 1e-12, "{rows} × {features}");
        assert_eq!(gram, &gram.transpose().to_owned());
        let z = geometry.coordinates.as_ref().unwrap();
        assert!((z * z.transpose() - gram).norm_max() < 1e-11, "{rows} × {features}");
        assert_eq!(z.ncols(), if features <= rows { features } else { rows - 1 });
        match (features, &geometry.correlation) {
            (1, None) => assert_eq!(geometry.constant_row, Some(0)),
            (_, found) => assert!((found.as_ref().unwrap() - &correlation).norm_max() < 1e-13, "{rows} × {features}"),
        }
    }
}

#[test]
fn single_precision_products_stay_close() {
    let (rows, features) = (48, 5000);
    let mut random = generator(2);
    // Means far from zero, as after a ReLU.
    let values: Vec<f32> = normal(&mut random, rows * features).iter().map(|&value| (value + 3.0) as f32).collect();
    let others: Vec<f32> =
        normal(&mut random, rows * features).iter().zip(&values).map(|(&noise, &value)| value + noise as f32).collect();
    let gram = [Ingredient::Gram];
    let single = |values: &[f32]| of(rows, features, Matrix::F32(values.to_vec()), &gram).unwrap();
    let double = |values: &[f32]| {
        of(rows, features, Matrix::F64(values.iter().map(|&value| value.into()).collect()), &gram).unwrap()
    };
    let (a, b) = (single(&values), double(&values));
    assert!(a.rounding > 1e-7 && b.rounding < 1e-15);
    assert!(distance(a.gram.as_ref().unwrap(), b.gram.as_ref().unwrap()) < 1e-6);
    for measure in [&LinearCka as &dyn AnyMeasure, &DebiasedCka] {
        let value = |of: &dyn Fn(&[f32]) -> Geometry| {
            let prepare = |values| measure.prepare(&of(values)).unwrap();
            measure.compare(&prepare(&values), &prepare(&others)).unwrap()
        };
        let (single, double) = (value(&single), value(&double));
        assert!((single - double).abs() < 1e-7 * double, "{single} {double}");
    }
}

#[test]
fn constant_features_are_counted_exactly() {
    // 0.1 added up and divided is not 0.1: equal values must still centre to zero.
    let values: Vec<f64> = (0..10).flat_map(|row| [0.1, f64::from(row), 7.3e9]).collect();
    let geometry = of(10, 3, Matrix::F64(values.clone()), &ALL).unwrap();
    assert_eq!(geometry.constant_features, 2);
    let coordinates = geometry.coordinates.as_ref().unwrap();
    assert!((0..10).all(|row| coordinates[(row, 0)] == 0.0 && coordinates[(row, 2)] == 0.0));
    assert!(!geometry.is_constant());
    let same = of(10, 3, Matrix::F32([0.1, 0.2, 0.3].repeat(10)), &ALL).unwrap();
    assert!(same.is_constant());
    assert!(same.gram.as_ref().unwrap().norm_max() == 0.0);
}

#[test]
fn any_finite_scale_works_in_single_precision() {
    let values = normal(&mut generator(3), 5 * 20);
    for scale in [1e-40, 1e-30, 1e30, 1e38] {
        let scaled: Vec<f32> = values.iter().map(|&value| (value * scale) as f32).collect();
        let geometry = of(5, 20, Matrix::F32(scaled.clone()), &ALL).unwrap();
        let (centred, _) =
            by_definition(&scaled.iter().map(|&value| f64::from(value) / scale).collect::<Vec<_>>(), 5, 20);
        let gram = geometry.gram.as_ref().unwrap() * faer::Scale(1.0 / scale) * faer::Scale(1.0 / scale);
        assert!(distance(&gram, &(&centred * centred.transpose())) < 1e-6, "{scale:e}");
    }
}

#[test]
fn impossible_matrices_are_refused_with_their_place() {
    let message = |rows, features, matrix| of(rows, features, matrix, &ALL).unwrap_err().to_string();
    assert_eq!(message(0, 3, Matrix::F32(vec![])), "layer1.0: expected at least 1 row and 1 feature, found 0 × 3");
    assert_eq!(message(2, 2, Matrix::F64(vec![0.0; 3])), "layer1.0: expected 2 × 2 values, found 3");
    assert_eq!(
        message(2, 2, Matrix::F32(vec![0.0, 1.0, 2.0, f32::NAN])),
        "layer1.0: expected finite activations, found NaN in row 1, feature 1"
    );
    assert_eq!(
        message(2, 3, Matrix::F64(vec![0.0, f64::INFINITY, 2.0, 1.0, 1.0, 1.0])),
        "layer1.0: expected finite activations, found inf in row 0, feature 1"
    );
    assert!(message(2, 1, Matrix::F64(vec![0.0, 1e200])).contains("expected 1e-140 to 1e140"));
    assert!(message(2, 1, Matrix::F64(vec![0.0, 1e-200])).contains("expected 1e-140 to 1e140"));
    assert!(message(2, 1, Matrix::F64(vec![f64::MAX, f64::MAX])).contains("rescale"));
    assert!(message(MAXIMUM_ROWS + 1, 1, Matrix::F32(vec![])).contains("choose fewer samples"));
}

struct Impatient;

impl Supervisor for Impatient {
    fn progress(&self, _progress: Progress) {}

    async fn pause(&self) -> Result<(), Cancelled> {
        Err(Cancelled)
    }
}

#[test]
fn a_supervisor_can_cancel() {
    let layer = representation(2, 1, Matrix::F64(vec![0.0, 1.0]));
    let result = pollster::block_on(Geometry::of_supervised(&layer, &ALL, &Impatient));
    assert_eq!(result.unwrap_err(), GeometryError::Cancelled(Cancelled));
}

#[cfg(feature = "flex")]
mod device {
    use burn::tensor::{Device, Tensor, TensorData};

    use super::*;

    /// Two blocks of rows.
    fn blocks(values: &[f32], rows: usize, features: usize) -> Matrix {
        let device = Device::flex();
        let all = Tensor::<2>::from_data(TensorData::new(values.to_vec(), [rows, features]), &device);
        Matrix::Device(vec![all.clone().slice([0..2, 0..features]), all.slice([2..rows, 0..features])])
    }

    #[test]
    fn device_and_host_agree() {
        for (rows, features) in [(9, 4), (9, 10_000)] {
            let mut values: Vec<f32> =
                normal(&mut generator(4), rows * features).iter().map(|&value| value as f32 + 5.0).collect();
            values.chunks_exact_mut(features).for_each(|row| row[1] = 0.3);
            let device = of(rows, features, blocks(&values, rows, features), &ALL).unwrap();
            let host = of(rows, features, Matrix::F32(values), &ALL).unwrap();
            assert_eq!(device.constant_features, 1);
            assert_eq!(host.constant_features, 1);
            let gram = |of: &Geometry| of.gram.clone().unwrap();
            assert!(distance(&gram(&device), &gram(&host)) < 1e-6);
            let outer = |of: &Geometry| of.coordinates.as_ref().unwrap() * of.coordinates.as_ref().unwrap().transpose();
            assert!(distance(&outer(&device), &outer(&host)) < 1e-6);
            assert!(distance(device.correlation.as_ref().unwrap(), host.correlation.as_ref().unwrap()) < 1e-6);
        }
    }

    #[test]
    fn impossible_device_matrices_are_refused() {
        let refuse = |values: Vec<f32>| of(3, 4, blocks(&values, 3, 4), &ALL).unwrap_err();
        let mut values = vec![0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0, 144.0];
        assert!(of(3, 4, blocks(&values, 3, 4), &ALL).is_ok());
        assert!(matches!(of(4, 3, blocks(&values, 3, 4), &ALL), Err(GeometryError::Shape { .. })));
        values[7] = f32::INFINITY;
        assert!(matches!(refuse(values.clone()), GeometryError::NotFinite { .. }));
        values[7] = f32::NAN;
        assert!(matches!(refuse(values), GeometryError::NotFinite { .. }));
    }
}

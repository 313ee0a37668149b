use faer::Mat;

use super::sample::{generator, layer, normal, of, representation, single};
use super::*;
use crate::similarity::{DebiasedCka, LinearCka, Pair, Samples};
use crate::steps::finish;
use crate::supervise::{Cancelled, Progress, Unsupervised};

fn all(rows: usize, features: usize, matrix: Matrix) -> Result<Layer, LayerError> {
    of(rows, features, matrix, &PartId::ALL)
}

fn gram(layer: &Layer) -> &Mat<f64> {
    match &layer.parts.gram {
        Some(Ok(kept)) => &kept.value,
        other => panic!("{other:?}"),
    }
}

fn coordinates(layer: &Layer) -> &Mat<f64> {
    match &layer.parts.coordinates {
        Some(Ok(kept)) => &kept.value,
        other => panic!("{other:?}"),
    }
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
fn host_parts_match_the_definitions() {
    for (rows, features) in [(7, 3), (3, 7), (5, 5), (1, 4), (4, 1), (6, 1100)] {
        let values = normal(&mut generator(1), rows * features);
        let layer = layer(&values, features);
        let (centred, correlation) = by_definition(&values, rows, features);
        let gram = gram(&layer);
        assert!((gram - &centred * centred.transpose()).norm_max() < 1e-12, "{rows} × {features}");
        assert_eq!(gram, &gram.transpose().to_owned());
        let z = coordinates(&layer);
        assert!((z * z.transpose() - gram).norm_max() < 1e-11, "{rows} × {features}");
        assert_eq!(z.ncols(), if features <= rows { features } else { rows - 1 });
        match (features, layer.part::<RowCorrelation>()) {
            (1, found) => assert_eq!(found.unwrap_err(), Reason::ConstantRow { row: 0 }),
            (_, found) => assert!((&found.unwrap().value - &correlation).norm_max() < 1e-13, "{rows} × {features}"),
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
    let double = |values: &[f32]| layer(&values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>(), features);
    let single = |values: &[f32]| all(rows, features, Matrix::F32(values.to_vec())).unwrap();
    let (a, b) = (single(&values), double(&values));
    let precision = |layer: &Layer| layer.part::<Gram>().unwrap().precision;
    assert_eq!((precision(&a), precision(&b)), (Precision::Single, Precision::Double));
    assert!(distance(gram(&a), gram(&b)) < 1e-6);
    // Coordinates have a product of their own.
    assert_eq!(a.part::<Coordinates>().unwrap().precision, Precision::Double);
    check(&LinearCka, [&a, &single(&others)], [&b, &double(&others)]);
    check(&DebiasedCka, [&a, &single(&others)], [&b, &double(&others)]);
}

/// Single precision products change a value by less than 1e-7 of it.
fn check(measure: &impl Pair, single: [&Layer; 2], double: [&Layer; 2]) {
    let [single, double] = [single, double].map(|[a, b]| value(measure, a, b));
    assert!((single - double).abs() < 1e-7 * double, "{single} {double}");
}

fn value(measure: &impl Pair, a: &Layer, b: &Layer) -> f64 {
    let ids = representation(1, 1, Matrix::F64(vec![0.0])).samples;
    let samples = Samples { ids, labels: None, classes: Vec::new() };
    let prepare = |layer| finish(Pair::prepare(measure, layer, &samples)).unwrap();
    finish(Pair::compare(measure, &prepare(a), &prepare(b))).unwrap()
}

#[test]
fn one_far_sample_asks_for_double_precision() {
    let (rows, features) = (64, 500);
    let mut random = generator(7);
    let near: Vec<f64> = normal(&mut random, rows * features).iter().map(|&value| f64::from(value as f32)).collect();
    let other: Vec<f64> = near.iter().zip(normal(&mut random, rows * features)).map(|(x, noise)| x + noise).collect();
    for distance in [1e3, 1e5] {
        let far = |values: &[f64]| {
            let mut values = values.to_vec();
            values[..features].iter_mut().for_each(|value| *value = f64::from((*value * distance) as f32));
            values
        };
        let (x, y) = (far(&near), other.iter().map(|&value| f64::from(value as f32)).collect::<Vec<_>>());
        let (a, b) = (single(&x, features), single(&y, features));
        assert_eq!(a.part::<Gram>().unwrap().precision, Precision::Double);
        assert_eq!(b.part::<Gram>().unwrap().precision, Precision::Single);
        check(&DebiasedCka, [&a, &b], [&layer(&x, features), &layer(&y, features)]);
        let farthest = a.facts.farthest.unwrap();
        // It moves the mean by 1/64 of its distance R: (63/64)² R² of (63/64)² R² + 63 R²/64².
        assert!(farthest.row == 0 && (farthest.share - 63.0 / 64.0).abs() < 1e-3, "{farthest:?}");
    }
}

#[test]
fn no_part_depends_on_what_else_is_asked_for() {
    let values: Vec<f32> = normal(&mut generator(8), 12 * 40).iter().map(|&value| value as f32).collect();
    let whole = all(12, 40, Matrix::F32(values.clone())).unwrap();
    for part in PartId::ALL {
        let alone = of(12, 40, Matrix::F32(values.clone()), &[part]).unwrap();
        let (alone, whole) = (alone.parts, whole.parts.clone());
        match part {
            PartId::Gram => assert_eq!(alone.gram, whole.gram),
            PartId::Coordinates => assert_eq!(alone.coordinates, whole.coordinates),
            PartId::Units => assert_eq!(alone.units, whole.units),
            PartId::RowCorrelation => assert_eq!(alone.row_correlation, whole.row_correlation),
            PartId::RowCosine => assert_eq!(alone.row_cosine, whole.row_cosine),
        }
    }
}

#[test]
fn parts_are_added_from_kept_rows_and_dropped() {
    let values = normal(&mut generator(9), 10 * 30);
    let rows = representation(10, 30, Matrix::F64(values.clone()));
    let mut kept = pollster::block_on(Layer::of(Cow::Borrowed(&rows), &[PartId::Gram], true, &Unsupervised)).unwrap();
    assert_eq!(kept.missing(&PartId::ALL).len(), PartId::ALL.len() - 1);
    assert_eq!(kept.part::<Coordinates>().unwrap_err(), Reason::NotKept { part: PartId::Coordinates });
    pollster::block_on(kept.complete(&PartId::ALL, &Unsupervised)).unwrap();
    assert_eq!(coordinates(&kept), coordinates(&layer(&values, 30)));
    kept.retain(&[PartId::Gram]);
    assert!(!kept.keeps_rows() && kept.missing(&PartId::ALL).len() == PartId::ALL.len() - 1);
    pollster::block_on(kept.complete(&PartId::ALL, &Unsupervised)).unwrap();
    assert!(kept.part::<Coordinates>().is_err());
}

#[test]
fn units_are_the_centred_columns() {
    let values = normal(&mut generator(10), 9 * 14);
    let kept = layer(&values, 14);
    let units = &kept.part::<UnitValues>().unwrap().value;
    assert_eq!(units.features, (0..14).collect::<Vec<_>>());
    assert!((&units.values * units.values.transpose() - gram(&kept)).norm_max() < 1e-12);
    // Principal coordinates span the same, but are no units.
    assert_ne!(coordinates(&kept).ncols(), units.values.ncols());
    let many = normal(&mut generator(11), 2 * (MAXIMUM_UNITS + 100));
    let many = layer(&many, MAXIMUM_UNITS + 100);
    let features = &many.part::<UnitValues>().unwrap().value.features;
    assert_eq!(features.len(), MAXIMUM_UNITS);
    assert!(features.is_sorted_by(|a, b| a < b) && features.iter().any(|&feature| feature >= MAXIMUM_UNITS));
}

fn cosines(layer: &Layer) -> Mat<f64> {
    layer.part::<RowCosine>().unwrap().value.clone()
}

#[test]
fn cosines_are_of_rows_that_are_not_centred() {
    for (rows, features) in [(5, 3), (4, 30)] {
        let mut values = normal(&mut generator(14), rows * features);
        // However small or large a row is, its direction is as exact.
        values[..features].iter_mut().for_each(|value| *value *= 1e-60);
        values[features..2 * features].iter_mut().for_each(|value| *value *= 1e60);
        let found = cosines(&layer(&values, features));
        let dot = |i: usize, j: usize| -> f64 {
            let row = |i: usize| &values[i * features..(i + 1) * features];
            row(i).iter().zip(row(j)).map(|(x, y)| x * y).sum()
        };
        for i in 0..rows {
            for j in 0..rows {
                let expected = dot(i, j) / dot(i, i).sqrt() / dot(j, j).sqrt();
                assert!((found[(i, j)] - expected).abs() < 1e-14, "{i} {j}");
            }
        }
        values[2 * features..3 * features].fill(0.0);
        let reason = layer(&values, features).part::<RowCosine>().unwrap_err();
        assert_eq!(reason.to_string(), "row 2 is zero in every feature, so it has no cosine with any other");
    }
}

/// Row-major values with their rows in another order, or drawn.
fn reordered(values: &[f64], features: usize, rows: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|row| values[row * features..(row + 1) * features].to_vec()).collect()
}

#[test]
fn a_permuted_layer_is_the_layer_of_permuted_rows() {
    let order = Order::random(11, 3);
    for features in [4, 40] {
        let values = normal(&mut generator(12), 11 * features);
        let (found, expected) = (
            layer(&values, features).permuted(&order),
            layer(&reordered(&values, features, order.indices()), features),
        );
        assert!((gram(&found) - gram(&expected)).norm_max() < 1e-12);
        let outer = |layer: &Layer| coordinates(layer) * coordinates(layer).transpose();
        assert!((outer(&found) - outer(&expected)).norm_max() < 1e-11);
        let correlation = |layer: &Layer| layer.part::<RowCorrelation>().unwrap().value.clone();
        assert!((correlation(&found) - correlation(&expected)).norm_max() < 1e-13);
        assert!((cosines(&found) - cosines(&expected)).norm_max() < 1e-13);
        let units = |layer: &Layer| layer.part::<UnitValues>().unwrap().value.values.clone();
        assert!((units(&found) - units(&expected)).norm_max() < 1e-13);
    }
    let mut indices = order.indices().to_vec();
    assert_eq!(indices, Order::random(11, 3).indices());
    indices.sort_unstable();
    assert_eq!(indices, (0..11).collect::<Vec<_>>());
}

#[test]
fn a_resampled_layer_is_the_layer_of_drawn_rows() {
    let draw = Draw::random(13, 5);
    let drawn = draw.indices();
    let twice = (0..13).find_map(|a| (0..a).find(|&b| drawn[a] == drawn[b]).map(|b| (a, b))).unwrap();
    for features in [4, 40] {
        let values = normal(&mut generator(13), 13 * features);
        let (found, expected) = (
            layer(&values, features).resampled(&draw, &PartId::ALL),
            layer(&reordered(&values, features, drawn), features),
        );
        assert!((gram(&found) - gram(&expected)).norm_max() < 1e-11);
        let outer = |layer: &Layer| coordinates(layer) * coordinates(layer).transpose();
        assert!((outer(&found) - outer(&expected)).norm_max() < 1e-11);
        let units = |layer: &Layer| layer.part::<UnitValues>().unwrap().value.values.clone();
        assert!((units(&found) - units(&expected)).norm_max() < 1e-12);
        assert!((cosines(&found) - cosines(&expected)).norm_max() < 1e-13);
        assert!(found.same_sample(twice.0, twice.1) && !expected.same_sample(twice.0, twice.1));
        assert_eq!((found.facts.samples, found.facts.coinciding), (13, None));
        // A permutation of a draw still knows its samples.
        let order = Order::random(13, 6);
        let at = |row: usize| order.indices().iter().position(|&index| index == row).unwrap();
        assert!(found.permuted(&order).same_sample(at(twice.0), at(twice.1)));
    }
}

#[test]
fn constant_features_are_counted_exactly() {
    // 0.1 added up and divided is not 0.1: equal values must still centre to zero.
    let values: Vec<f64> = (0..10).flat_map(|row| [0.1, f64::from(row), 7.3e9]).collect();
    let kept = layer(&values, 3);
    assert_eq!(kept.facts.constant_features, 2);
    let coordinates = coordinates(&kept);
    assert!((0..10).all(|row| coordinates[(row, 0)] == 0.0 && coordinates[(row, 2)] == 0.0));
    assert!(!kept.facts.is_constant());
    let same = all(10, 3, Matrix::F32([0.1, 0.2, 0.3].repeat(10))).unwrap();
    assert!(same.facts.is_constant());
    assert!(gram(&same).norm_max() == 0.0);
    assert_eq!(same.part::<Gram>().unwrap_err(), Reason::Constant);
}

#[test]
fn any_finite_scale_works_in_single_precision() {
    let values = normal(&mut generator(3), 5 * 20);
    for scale in [1e-40, 1e-30, 1e30, 1e38] {
        let scaled: Vec<f32> = values.iter().map(|&value| (value * scale) as f32).collect();
        let layer = all(5, 20, Matrix::F32(scaled.clone())).unwrap();
        let (centred, _) =
            by_definition(&scaled.iter().map(|&value| f64::from(value) / scale).collect::<Vec<_>>(), 5, 20);
        let gram = gram(&layer) * faer::Scale(1.0 / scale) * faer::Scale(1.0 / scale);
        assert!(distance(&gram, &(&centred * centred.transpose())) < 1e-6, "{scale:e}");
    }
}

#[test]
fn impossible_matrices_are_refused_with_their_place() {
    let message = |rows, features, matrix| all(rows, features, matrix).unwrap_err().to_string();
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
    let result = pollster::block_on(Layer::of(Cow::Owned(layer), &PartId::ALL, false, &Impatient));
    assert_eq!(result.unwrap_err(), LayerError::Cancelled(Cancelled));
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
            let device = all(rows, features, blocks(&values, rows, features)).unwrap();
            let host = all(rows, features, Matrix::F32(values)).unwrap();
            assert_eq!(device.facts.constant_features, 1);
            assert_eq!(host.facts.constant_features, 1);
            assert!(distance(gram(&device), gram(&host)) < 1e-6);
            let outer = |of: &Layer| coordinates(of) * coordinates(of).transpose();
            assert!(distance(&outer(&device), &outer(&host)) < 1e-6);
            let correlation = |of: &Layer| of.part::<RowCorrelation>().unwrap().value.clone();
            assert!(distance(&correlation(&device), &correlation(&host)) < 1e-6);
            assert!(distance(&cosines(&device), &cosines(&host)) < 1e-6);
        }
    }

    #[test]
    fn impossible_device_matrices_are_refused() {
        let refuse = |values: Vec<f32>| all(3, 4, blocks(&values, 3, 4)).unwrap_err();
        let mut values = vec![0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0, 144.0];
        assert!(all(3, 4, blocks(&values, 3, 4)).is_ok());
        assert!(matches!(all(4, 3, blocks(&values, 3, 4)), Err(LayerError::Shape { .. })));
        values[7] = f32::INFINITY;
        assert!(matches!(refuse(values.clone()), LayerError::NotFinite { .. }));
        values[7] = f32::NAN;
        assert!(matches!(refuse(values), LayerError::NotFinite { .. }));
    }
}

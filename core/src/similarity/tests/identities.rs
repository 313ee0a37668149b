//! Identities between formulas, and the known bias of the estimators.

use faer::Mat;

use super::sample::{generator, layer, normal, value};
use crate::layer::Layer;
use crate::similarity::{DebiasedCka, LinearCka, Procrustes};

fn pair(seed: u64, rows: usize, first: usize, second: usize) -> (Vec<f64>, Vec<f64>) {
    let mut random = generator(seed);
    let x = normal(&mut random, rows * first);
    let y = normal(&mut random, rows * second)
        .iter()
        .enumerate()
        .map(|(index, noise)| noise + 0.7 * x[index / second * first + index % second % first])
        .collect();
    (x, y)
}

/// The centred matrix and its squared row norms.
fn centred(values: &[f64], features: usize) -> (Mat<f64>, Vec<f64>) {
    let rows = values.len() / features;
    let mean = |j: usize| (0..rows).map(|i| values[i * features + j]).sum::<f64>() / rows as f64;
    let centred = Mat::from_fn(rows, features, |i, j| values[i * features + j] - mean(j));
    let norms = centred.row_iter().map(|row| row.iter().map(|value| value * value).sum()).collect();
    (centred, norms)
}

#[test]
fn gram_space_equals_feature_space() {
    for (rows, first, second) in [(12, 3, 5), (9, 20, 4), (6, 30, 40)] {
        let (x, y) = pair(1, rows, first, second);
        let ((a, r), (b, s)) = (centred(&x, first), centred(&y, second));
        let n = rows as f64;
        let cross = |a: &Mat<f64>, b: &Mat<f64>| (a.transpose() * b).squared_norm_l2();
        let biased = cross(&a, &b) / (cross(&a, &a) * cross(&b, &b)).sqrt();
        let unbiased = |a: &Mat<f64>, r: &[f64], b: &Mat<f64>, s: &[f64]| {
            let inner: f64 = r.iter().zip(s).map(|(r, s)| r * s).sum();
            let sums = r.iter().sum::<f64>() * s.iter().sum::<f64>();
            cross(a, b) - n / (n - 2.0) * inner + sums / ((n - 1.0) * (n - 2.0))
        };
        let debiased = unbiased(&a, &r, &b, &s) / (unbiased(&a, &r, &a, &r) * unbiased(&b, &s, &b, &s)).sqrt();
        let (x, y) = (layer(&x, first), layer(&y, second));
        assert!((value(&LinearCka, &x, &y).unwrap() - biased).abs() < 1e-13);
        assert!((value(&DebiasedCka, &x, &y).unwrap() - debiased).abs() < 1e-11);
    }
}

#[test]
fn the_procrustes_angle_belongs_to_the_procrustes_distance() {
    // arccos(1 - d² / 2), with d² minimised over rotations by the polar factor.
    let (x, y) = pair(2, 14, 5, 5);
    let unit = |values: &[f64]| {
        let (centred, _) = centred(values, 5);
        let norm = centred.norm_l2();
        centred * faer::Scale(1.0 / norm)
    };
    let (a, b) = (unit(&x), unit(&y));
    let svd = (a.transpose() * &b).svd().unwrap();
    let rotation = svd.U() * svd.V().transpose();
    let squared = (&a * rotation - &b).squared_norm_l2();
    let found = value(&Procrustes::Angle, &layer(&x, 5), &layer(&y, 5)).unwrap();
    assert!((found - (1.0 - 0.5 * squared).acos()).abs() < 1e-13);
}

#[test]
fn the_angle_of_cka_is_a_metric() {
    for seed in 0..20 {
        let (x, y) = pair(seed, 10, 4, 4);
        let (z, _) = pair(seed + 100, 10, 4, 4);
        let [x, y, z] = [x, y, z].map(|values| layer(&values, 4));
        let angle = |a: &Layer, b: &Layer| value(&LinearCka, a, b).unwrap().acos();
        assert!(angle(&x, &z) <= angle(&x, &y) + angle(&y, &z) + 1e-12);
    }
}

/// n = 50, independent layers with 10, 500 and 5,000 features. The means were drawn with NumPy; single draws with 10 features
/// spread by 0.024.
#[test]
fn bias_is_as_the_cards_say() {
    for (features, draws, biased, tolerance) in
        [(10, 60, 0.170, 0.012), (500, 20, 0.909, 0.004), (5000, 10, 0.990, 0.001)]
    {
        let mut random = generator(features as u64);
        let (mut plain, mut debiased) = (0.0, 0.0);
        for _ in 0..draws {
            let [x, y] = [0; 2].map(|_| layer(&normal(&mut random, 50 * features), features));
            plain += value(&LinearCka, &x, &y).unwrap() / f64::from(draws);
            debiased += value(&DebiasedCka, &x, &y).unwrap() / f64::from(draws);
        }
        assert!((plain - biased).abs() < tolerance, "{features} features: biased {plain}");
        // A single draw spreads by √(2 / (n (n − 3))) = 0.029.
        assert!(debiased.abs() < 3.0 * 0.029 / f64::from(draws).sqrt(), "{features} features: debiased {debiased}");
    }
}

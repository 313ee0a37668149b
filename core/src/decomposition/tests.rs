//! Decompositions in steps, beside faer's and beside matrices whose decomposition is known.

use std::cell::Cell;

use faer::{ColRef, Side};

use super::*;
use crate::layer::sample::{generator, normal};
use crate::steps::{finish, supervised};
use crate::supervise::{Cancelled, Progress, Supervisor};

/// Sizes whose decomposition takes several steps.
const ROWS: usize = 640;
const COLUMNS: usize = 520;

fn random(seed: u64, rows: usize, columns: usize) -> Mat<f64> {
    let values = normal(&mut generator(seed), rows * columns);
    Mat::from_fn(rows, columns, |i, j| values[i * columns + j])
}

/// Random orthonormal columns.
fn orthonormal(seed: u64, rows: usize, columns: usize) -> Mat<f64> {
    random(seed, rows, columns).qr().compute_thin_Q()
}

/// U S Vᵀ with random U and V.
fn with_values(rows: usize, columns: usize, values: &[f64]) -> Mat<f64> {
    let diagonal = ColRef::from_slice(values).as_diagonal();
    orthonormal(1, rows, values.len()) * diagonal * orthonormal(2, columns, values.len()).transpose()
}

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance, "{index}: found {found:e}, expected {expected:e}");
    }
}

/// Pauses so many times, then cancels.
struct Patience {
    pauses: Cell<usize>,
    most: usize,
}

impl Supervisor for Patience {
    fn progress(&self, _progress: Progress) {}

    async fn pause(&self) -> Result<(), Cancelled> {
        self.pauses.set(self.pauses.get() + 1);
        if self.pauses.get() > self.most { Err(Cancelled) } else { Ok(()) }
    }
}

/// How many pauses the work takes; it is cancelled at each of them.
fn pauses<T>(work: impl AsyncFn() -> T) -> usize {
    let run = |most| {
        let patience = Patience { pauses: Cell::new(0), most };
        let cancelled = pollster::block_on(supervised(work(), &patience)).is_err();
        (cancelled, patience.pauses.get())
    };
    let (cancelled, all) = run(usize::MAX);
    assert!(!cancelled);
    for most in [0, all / 2, all - 1] {
        assert_eq!(run(most), (true, most + 1));
    }
    all
}

#[test]
fn singular_values_in_steps_are_those_of_faer() {
    for (rows, columns) in [(ROWS, COLUMNS), (COLUMNS, ROWS), (ROWS, ROWS), (1000, 520)] {
        let a = random(3, rows, columns);
        assert!(!is_one_step(a.as_ref()));
        let found = finish(singular_values(a.as_ref())).unwrap();
        let expected = decomposed(a.as_ref(), None, None).unwrap();
        assert_near(&found, &expected, 1e-13 * expected[0]);
    }
}

#[test]
fn known_singular_values_are_found() {
    // Geometric, many equal, clusters, few beside zeros, graded beyond rounding.
    let spectra: [Vec<f64>; 5] = [
        (0..COLUMNS).map(|index| 0.97_f64.powi(index as i32)).collect(),
        (0..COLUMNS).map(|index| if index < 200 { 2.0 } else { 1.0 }).collect(),
        (0..COLUMNS).rev().map(|index| 1.0 + (index / 50) as f64 * 1e-10).collect(),
        (0..COLUMNS).map(|index| if index < 40 { 40.0 - index as f64 } else { 0.0 }).collect(),
        (0..COLUMNS).map(|index| 10.0_f64.powi(-(index as i32))).collect(),
    ];
    for values in spectra {
        let a = with_values(ROWS, COLUMNS, &values);
        let found = finish(singular_values(a.as_ref())).unwrap();
        assert_near(&found, &values, 1e-13 * values[0]);
        assert!(found.windows(2).all(|pair| pair[0] >= pair[1]));
    }
}

#[test]
fn matrices_without_reflections_decompose() {
    let zero = Mat::<f64>::zeros(ROWS, COLUMNS);
    assert_eq!(finish(singular_values(zero.as_ref())).unwrap(), vec![0.0; COLUMNS]);
    // Diagonal, in no order, with zeros.
    let entry = |index: usize| (index * 37 % 101) as f64;
    let diagonal = Mat::from_fn(ROWS, COLUMNS, |i, j| if i == j { entry(i) } else { 0.0 });
    let mut expected: Vec<f64> = (0..COLUMNS).map(entry).collect();
    expected.sort_by(|a, b| b.total_cmp(a));
    assert_near(&finish(singular_values(diagonal.as_ref())).unwrap(), &expected, 1e-12);
    let square = diagonal.get(..COLUMNS, ..).to_owned();
    let (values, vectors) = finish(symmetric_eigen(square)).unwrap();
    expected.reverse();
    assert_near(&values, &expected, 1e-12);
    assert!((&vectors * vectors.transpose() - Mat::<f64>::identity(COLUMNS, COLUMNS)).norm_max() < 1e-13);
    let one = Mat::<f64>::full(COLUMNS, COLUMNS, 1.0);
    let (values, _) = finish(symmetric_eigen(one)).unwrap();
    assert!((values[COLUMNS - 1] - COLUMNS as f64).abs() < 1e-11 && values[0].abs() < 1e-11);
}

#[test]
fn matrices_of_two_diagonals_have_their_singular_values() {
    let values = |diagonal: &[f64], above: &[f64]| finish(diagonal::singular_values(diagonal.to_vec(), above.to_vec()));
    assert_eq!(values(&[], &[]), Some(Vec::new()));
    assert_eq!(values(&[-3.0], &[]), Some(vec![3.0]));
    assert_eq!(values(&[f64::NAN, 1.0], &[0.5]), None);
    // The golden ratio and its inverse, at scales whose squares overflow or vanish.
    let golden = 0.5 * (1.0 + 5.0_f64.sqrt());
    for scale in [1.0, 1e200, 1e-200] {
        let found = values(&[scale, scale], &[scale]).unwrap();
        assert_near(&found, &[golden * scale, scale / golden], 1e-15 * scale);
    }
    // B Bᵀ has the eigenvalues 2, 2 and 0.
    let root = 2.0_f64.sqrt();
    assert_near(&values(&[1.0, 0.0, 1.0], &[1.0, 1.0]).unwrap(), &[root, root, 0.0], 1e-15);
}

#[test]
fn symmetric_matrices_are_diagonalised_in_steps() {
    // Of full rank, of rank 30, with a known spectrum of both signs.
    let (full, few) = (random(4, COLUMNS, COLUMNS), random(5, COLUMNS, 30));
    let q = orthonormal(6, COLUMNS, COLUMNS);
    let known: Vec<f64> = (0..COLUMNS).map(|index| index as f64 - 100.0).collect();
    let signed = &q * ColRef::from_slice(&known).as_diagonal() * q.transpose();
    for a in [&full * full.transpose(), &few * few.transpose(), signed] {
        let a = Mat::from_fn(COLUMNS, COLUMNS, |i, j| a[(i.max(j), i.min(j))]);
        let (values, vectors) = finish(symmetric_eigen(a.clone())).unwrap();
        let expected = a.self_adjoint_eigenvalues(Side::Lower).unwrap();
        let scale = a.norm_l2();
        assert_near(&values, &expected, 1e-13 * scale);
        let rebuilt = &vectors * ColRef::from_slice(&values).as_diagonal() * vectors.transpose();
        assert!((rebuilt - &a).norm_l2() < 1e-13 * scale);
        let identity = Mat::<f64>::identity(COLUMNS, COLUMNS);
        assert!((vectors.transpose() * &vectors - identity).norm_max() < 1e-13);
    }
}

#[test]
fn orthogonal_columns_are_their_own_left_singular_vectors() {
    let values: Vec<f64> = (0..COLUMNS).map(|index| 2.0 - index as f64 / 400.0).collect();
    let a = orthonormal(7, ROWS, COLUMNS) * ColRef::from_slice(&values).as_diagonal();
    let short_cut = finish(LeftSvd::of_orthogonal(a.as_ref())).unwrap();
    assert_near(&short_cut.values, &values, 1e-14);
    let mut u = Mat::zeros(ROWS, COLUMNS);
    decomposed(a.as_ref(), Some(&mut u), None).unwrap();
    // Up to their signs.
    let cosines = u.transpose() * &short_cut.u;
    for column in 0..COLUMNS {
        assert!((cosines[(column, column)].abs() - 1.0).abs() < 1e-12);
    }
    assert!(finish(LeftSvd::of_orthogonal(random(8, ROWS, COLUMNS).as_ref())).is_none());
    assert!(finish(LeftSvd::of_orthogonal(Mat::<f64>::zeros(9, 3).as_ref())).is_none());
    let ascending = a.as_ref().reverse_cols().to_owned();
    assert!(finish(LeftSvd::of_orthogonal(ascending.as_ref())).is_none());
}

#[test]
fn long_decompositions_pause_and_can_be_cancelled() {
    let a = random(9, ROWS, ROWS);
    let gram = &a * a.transpose();
    let of = [
        pauses(async || singular_values(a.as_ref()).await),
        pauses(async || symmetric_eigen(gram.clone()).await),
        pauses(async || LeftSvd::of(a.as_ref()).await.map(|svd| svd.values)),
    ];
    assert!(of[0] >= 2 && of[1] >= 3 && of[2] >= 1, "{of:?}");
}

#[test]
fn who_drives_the_steps_changes_no_digit() {
    let a = random(10, ROWS, COLUMNS);
    let driven = Patience { pauses: Cell::new(0), most: usize::MAX };
    let one = pollster::block_on(supervised(singular_values(a.as_ref()), &driven)).unwrap();
    assert_eq!(one, finish(singular_values(a.as_ref())));
    assert!(driven.pauses.get() > 0);
}

//! Singular values of a matrix of two diagonals, by the QR iteration with implicit shifts.
//!
//! Golub & Van Loan, Matrix Computations, section 8.6. Its errors are those of rounding the largest value, as are those of the
//! reduction to two diagonals before it.

use crate::steps::Meter;

/// Sweeps for each value; two are usual.
const PATIENCE: usize = 30;

/// Multiply-adds that take as long as an entry of a sweep, which waits for divisions and roots.
const STEP: usize = 32;

/// The singular values of a square matrix with this diagonal and the one above it, in descending order; nothing where the
/// iteration fails.
pub(super) async fn singular_values(mut diagonal: Vec<f64>, mut above: Vec<f64>) -> Option<Vec<f64>> {
    let entries = || diagonal.iter().chain(&above).map(|entry| entry.abs());
    if !entries().all(f64::is_finite) {
        return None;
    }
    let largest = entries().fold(0.0, f64::max);
    if largest > 0.0 {
        // Squares shall neither overflow nor vanish.
        diagonal.iter_mut().chain(&mut above).for_each(|entry| *entry /= largest);
        diagonalise(&mut diagonal, &mut above).await?;
    }
    let mut values: Vec<f64> = diagonal.into_iter().map(|entry| entry.abs() * largest).collect();
    values.sort_unstable_by(|a, b| b.total_cmp(a));
    Some(values)
}

/// Brings the entries above the diagonal, none of which is larger than 1, to zero.
async fn diagonalise(diagonal: &mut [f64], above: &mut [f64]) -> Option<()> {
    let mut patience = PATIENCE.saturating_mul(diagonal.len());
    let mut meter = Meter::default();
    let mut last = diagonal.len() - 1;
    while last > 0 {
        let negligible = |index: usize| {
            let entry = above[index].abs();
            entry <= f64::EPSILON * (diagonal[index].abs() + diagonal[index + 1].abs()) || entry <= f64::EPSILON / 16.0
        };
        let first = (0..last).rev().find(|&index| negligible(index)).map_or(0, |index| index + 1);
        if first == last {
            last -= 1;
            continue;
        }
        patience = patience.checked_sub(1)?;
        sweep(&mut diagonal[first..=last], &mut above[first..last]);
        meter.count(STEP * (last - first)).await;
    }
    Some(())
}

/// Multiplies B from both sides by rotations that make Bᵀ B a step of the QR iteration.
fn sweep(diagonal: &mut [f64], above: &mut [f64]) {
    let last = above.len();
    let (mut y, mut z) = (diagonal[0], above[0]);
    // Without a shift, a zero on the diagonal makes the last entry above it zero.
    if diagonal.iter().all(|entry| entry.abs() > f64::EPSILON) {
        y -= shift(diagonal, above) / y;
    }
    for index in 0..last {
        let (cosine, sine, length) = rotation(y, z);
        if index > 0 {
            above[index - 1] = length;
        }
        let (d, e, next) = (diagonal[index], above[index], diagonal[index + 1]);
        (y, above[index]) = (cosine * d + sine * e, cosine * e - sine * d);
        (z, diagonal[index + 1]) = (sine * next, cosine * next);
        let (cosine, sine, length) = rotation(y, z);
        diagonal[index] = length;
        let (e, next) = (above[index], diagonal[index + 1]);
        (y, diagonal[index + 1]) = (cosine * e + sine * next, cosine * next - sine * e);
        if let Some(e) = above.get_mut(index + 1) {
            (z, *e) = (sine * *e, cosine * *e);
        }
    }
    above[last - 1] = y;
}

/// The eigenvalue of the last 2 × 2 entries of Bᵀ B that is nearer to the last of them.
fn shift(diagonal: &[f64], above: &[f64]) -> f64 {
    let last = above.len();
    let before = if last > 1 { above[last - 2] } else { 0.0 };
    let (d, e, next) = (diagonal[last - 1], above[last - 1], diagonal[last]);
    let (first, second, product) = (d * d + before * before, next * next + e * e, d * e);
    let half = 0.5 * (first - second);
    let root = (half * half + product * product).sqrt();
    second - product * product / (half + root.copysign(half))
}

/// c, s and r with c y + s z = r and c z − s y = 0.
fn rotation(y: f64, z: f64) -> (f64, f64, f64) {
    let length = (y * y + z * z).sqrt();
    if length == 0.0 { (1.0, 0.0, 0.0) } else { (y / length, z / length, length) }
}

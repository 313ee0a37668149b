//! Ranks of numbers that are known up to rounding.

/// Runs of indices whose values are ties, in ascending order: within `tolerance` of the smallest of the run.
fn runs(values: &[f64], tolerance: f64, mut each: impl FnMut(usize, &[(f64, usize)])) {
    let mut order: Vec<(f64, usize)> = values.iter().copied().zip(0..).collect();
    order.sort_unstable_by(|(a, i), (b, j)| a.total_cmp(b).then(i.cmp(j)));
    let mut before = 0;
    while let Some(&(smallest, _)) = order.get(before) {
        let count = order[before..].iter().take_while(|(value, _)| *value <= smallest + tolerance).count();
        each(before, &order[before..before + count]);
        before += count;
    }
}

/// Ranks from 0, ties sharing their mean.
pub(super) fn mean_ranks(values: &[f64], tolerance: f64) -> Vec<f64> {
    let mut ranks = vec![0.0; values.len()];
    runs(values, tolerance, |before, ties| {
        for &(_, index) in ties {
            ranks[index] = before as f64 + 0.5 * (ties.len() as f64 - 1.0);
        }
    });
    ranks
}

/// Ranks from 0 without gaps, ties sharing theirs.
pub(super) fn dense_ranks(values: &[f64], tolerance: f64) -> Vec<u32> {
    let mut ranks = vec![0; values.len()];
    let mut rank = 0;
    runs(values, tolerance, |_, ties| {
        for &(_, index) in ties {
            ranks[index] = rank;
        }
        rank += 1;
    });
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_rank() {
        assert_eq!(mean_ranks(&[3.0, 1.0, 3.0, 2.0, 3.0], 0.0), [3.0, 0.0, 3.0, 1.0, 3.0]);
        assert_eq!(mean_ranks(&[1.0, 1.0 + 1e-15, 0.5, 1.1], 1e-14), [1.5, 1.5, 0.0, 3.0]);
        // Ties do not chain.
        assert_eq!(mean_ranks(&[0.0, 0.9, 1.8], 1.0), [0.5, 0.5, 2.0]);
        assert_eq!(dense_ranks(&[3.0, 1.0, 3.0, 2.0, 3.0], 0.0), [2, 0, 2, 1, 2]);
    }
}

//! Sums whose rounding does not grow with the number of terms.

/// The sum of finite terms by the method of Neumaier (1974): of n terms its error is about ε |Σ xᵢ| + n ε² Σ |xᵢ|.
pub(super) fn compensated(terms: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for term in terms {
        let next = sum + term;
        // What an infinite sum lost is not a number.
        if next.is_infinite() {
            sum = next;
            continue;
        }
        lost += if sum.abs() >= term.abs() { (sum - next) + term } else { (term - next) + sum };
        sum = next;
    }
    if sum.is_finite() { sum + lost } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plain_sum_loses_is_kept() {
        assert_eq!(compensated([1.0, 1e100, 1.0, -1e100]), 2.0);
        let tenths = std::iter::repeat_n(0.1, 1_000_000);
        assert_eq!(compensated(tenths), 100_000.0);
        assert_eq!(compensated([]), 0.0);
        assert_eq!(compensated([f64::MAX, f64::MAX, 1.0]), f64::INFINITY);
    }
}

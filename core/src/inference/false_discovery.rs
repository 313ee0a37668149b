//! Control of the false discovery rate over a map.

/// The q-values of some p-values: qᵢ = min over j with pⱼ ≥ pᵢ of pⱼ m / rank(pⱼ).
///
/// # Source
/// Benjamini & Hochberg, Controlling the False Discovery Rate, Journal of the Royal Statistical Society B 1995.
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    let mut q = vec![0.0; p.len()];
    let mut least = f64::INFINITY;
    for (rank, &index) in order.iter().enumerate().rev() {
        least = least.min(p[index] * p.len() as f64 / (rank + 1) as f64);
        q[index] = least;
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As R's `p.adjust(p, "BH")`.
    #[test]
    fn q_values_are_those_of_the_step_up_procedure() {
        let found = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005, 0.5]);
        let expected = [0.025, 0.05, 0.05, 0.025, 0.5];
        assert!(found.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-15), "{found:?}");
        assert!(benjamini_hochberg(&[]).is_empty());
    }
}

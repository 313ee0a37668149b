//! Debiased linear CKA from batches, for data that does not fit at once.

use faer::Mat;

use crate::layer::{Gram, Layer, Reason};
use crate::similarity::pair::triangle::{largest, u_centred};

/// Sums of the unbiased HSIC over batches: CKA(X, Y) = Σ HSIC₁(X, Y) / √(Σ HSIC₁(X, X) Σ HSIC₁(Y, Y)).
///
/// Every batch counts alike. Accumulators merge: any split of the same batches gives the same value, to the last bit.
///
/// # Source
/// Nguyen, Raghu & Kornblith, Do Wide and Deep Networks Learn the Same Things?, ICLR 2021.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MinibatchCka {
    batches: Vec<Batch>,
}

/// HSIC₁ of one batch, with both Gram matrices scaled to a largest entry of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Batch {
    cross: f64,
    first: f64,
    second: f64,
    first_scale: f64,
    second_scale: f64,
}

impl MinibatchCka {
    /// Takes in the Gram matrices of the same samples in two layers.
    ///
    /// # Errors
    /// [`Reason`] when a Gram matrix was not computed, the numbers of samples differ, or there are fewer than 4.
    pub fn add(&mut self, first: &Layer, second: &Layer) -> Result<(), Reason> {
        let samples = first.facts.samples;
        if samples != second.facts.samples {
            return Err(Reason::UnequalBatch { first: samples, second: second.facts.samples });
        }
        if samples < 4 {
            return Err(Reason::SmallBatch { minimum: 4, found: samples });
        }
        let ((first, first_scale), (second, second_scale)) = (gram(first)?, gram(second)?);
        let samples = samples as f64;
        let hsic = |a: &Mat<f64>, b: &Mat<f64>| {
            let products = a.col_iter().zip(b.col_iter()).map(|(a, b)| a.transpose() * b);
            products.sum::<f64>() / (samples * (samples - 3.0))
        };
        self.batches.push(Batch {
            cross: hsic(&first, &second),
            first: hsic(&first, &first),
            second: hsic(&second, &second),
            first_scale,
            second_scale,
        });
        Ok(())
    }

    /// Takes in the batches of another accumulator.
    pub fn merge(&mut self, other: Self) {
        self.batches.extend(other.batches);
    }

    /// The value so far.
    ///
    /// # Errors
    /// [`Reason`] when there is no batch, or HSIC₁ of a layer with itself is zero.
    pub fn value(&self) -> Result<f64, Reason> {
        let first_scale = self.batches.iter().map(|batch| batch.first_scale).fold(0.0, f64::max);
        let second_scale = self.batches.iter().map(|batch| batch.second_scale).fold(0.0, f64::max);
        let sum = |term: fn(&Batch, f64, f64) -> f64| {
            let mut terms: Vec<f64> = self
                .batches
                .iter()
                .map(|batch| term(batch, batch.first_scale / first_scale, batch.second_scale / second_scale))
                .collect();
            // One order for the same batches however they were merged.
            terms.sort_unstable_by(f64::total_cmp);
            terms.iter().sum::<f64>()
        };
        if first_scale == 0.0 || second_scale == 0.0 {
            return Err(Reason::NoBatch);
        }
        let cross = sum(|batch, first, second| batch.cross * first * second);
        let first = sum(|batch, first, _| batch.first * first * first);
        let second = sum(|batch, _, second| batch.second * second * second);
        if first <= 0.0 || second <= 0.0 {
            return Err(Reason::ZeroHsic);
        }
        Ok(cross / (first.sqrt() * second.sqrt()))
    }
}

/// The U-centred Gram matrix over the largest entry, and that entry; zero for a layer that does not vary in this batch.
fn gram(layer: &Layer) -> Result<(Mat<f64>, f64), Reason> {
    if layer.facts.is_constant() {
        return Ok((Mat::zeros(layer.facts.samples, layer.facts.samples), 0.0));
    }
    let gram = &layer.part::<Gram>()?.value;
    let scale = largest(gram);
    Ok((u_centred(&(gram * faer::Scale(1.0 / scale)), None), scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::DebiasedCka;
    use crate::similarity::tests::sample::{generator, layer, normal, value};

    const FEATURES: usize = 6;

    fn accumulate(a: &[f64], b: &[f64], size: usize) -> MinibatchCka {
        let mut sum = MinibatchCka::default();
        for (a, b) in a.chunks(size * FEATURES).zip(b.chunks(size * FEATURES)) {
            sum.add(&layer(a, FEATURES), &layer(b, FEATURES)).unwrap();
        }
        sum
    }

    fn pair() -> (Vec<f64>, Vec<f64>) {
        let mut random = generator(6);
        let a = normal(&mut random, 48 * FEATURES);
        let b = normal(&mut random, 48 * FEATURES).iter().zip(&a).map(|(noise, value)| noise + value).collect();
        (a, b)
    }

    #[test]
    fn a_layer_is_alike_to_itself_under_every_batching() {
        let (a, _) = pair();
        for size in [4, 6, 8, 12, 16, 24, 48] {
            let found = accumulate(&a, &a, size).value().unwrap();
            assert!((found - 1.0).abs() < 1e-14, "{size}: {found}");
        }
    }

    #[test]
    fn one_batch_is_debiased_cka() {
        let (a, b) = pair();
        let whole = value(&DebiasedCka, &layer(&a, FEATURES), &layer(&b, FEATURES)).unwrap();
        assert!((accumulate(&a, &b, 48).value().unwrap() - whole).abs() < 1e-14);
    }

    #[test]
    fn any_split_and_order_gives_the_same_bits() {
        let (a, b) = pair();
        let whole = accumulate(&a, &b, 6);
        for split in 1..8 {
            let at = split * 6 * FEATURES;
            let mut merged = accumulate(&a[at..], &b[at..], 6);
            merged.merge(accumulate(&a[..at], &b[..at], 6));
            assert_eq!(merged.value().unwrap().to_bits(), whole.value().unwrap().to_bits());
        }
    }

    #[test]
    fn what_cannot_be_computed_has_a_reason() {
        let mut sum = MinibatchCka::default();
        assert_eq!(sum.value().unwrap_err().to_string(), "no batch in which both layers vary");
        let three = layer(&[1.0, 2.0, 4.0], 1);
        assert_eq!(sum.add(&three, &three).unwrap_err().to_string(), "needs batches of at least 4 samples, got 3");
        let five = layer(&[1.0, 2.0, 4.0, 8.0, 9.0], 1);
        assert_eq!(
            sum.add(&three, &five).unwrap_err().to_string(),
            "a batch has 3 rows in one layer and 5 in the other"
        );
        let flat = layer(&[2.0; 5], 1);
        sum.add(&flat, &five).unwrap();
        assert!(sum.value().is_err());
        // A batch in which a layer is constant adds nothing to its sums.
        sum.add(&five, &five).unwrap();
        assert!(sum.value().unwrap() < 1.0);
    }

    #[test]
    fn scale_does_not_overflow() {
        let (a, b) = pair();
        let expected = accumulate(&a, &b, 12).value().unwrap();
        for scale in [1e-100, 1e100] {
            let scaled: Vec<f64> = a.iter().map(|value| value * scale).collect();
            assert!((accumulate(&scaled, &b, 12).value().unwrap() - expected).abs() < 1e-13);
        }
    }
}

//! What a classifier says of each sample.

use super::{LayerError, Reason};
use crate::activation::{Matrix, Representation};

/// The n × K logits of a network: K classes on n samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Logits {
    classes: usize,
    /// Row-major, finite.
    values: Vec<f64>,
}

impl Logits {
    /// The logits of a network with this many classes, from the representation of its last layer.
    ///
    /// # Errors
    /// [`LayerError::Device`] when a device does not give them; [`Reason::PartialLogits`] when the rows are not the logits of one sample each,
    /// [`Reason::Unusable`] when one is not finite.
    pub async fn of(representation: &Representation, classes: usize) -> Result<Result<Self, Reason>, LayerError> {
        let (rows, samples) = (representation.rows, representation.samples.ids.len());
        if representation.features != classes || rows != samples || classes == 0 {
            let found = representation.features;
            return Ok(Err(Reason::PartialLogits { found, classes }));
        }
        let values: Vec<f64> = match &representation.matrix {
            Matrix::F32(values) => values.iter().copied().map(f64::from).collect(),
            Matrix::F64(values) => values.clone(),
            #[cfg(feature = "devices")]
            Matrix::Device(blocks) => {
                let values = super::device::values(&representation.layer, blocks, rows, classes).await?;
                values.into_iter().map(f64::from).collect()
            }
        };
        if let Some(position) = values.iter().position(|value| !value.is_finite()) {
            let (sample, class) = (position / classes, position % classes);
            let fault = format!("the logit of class {class} of sample {sample} is {}", values[position]);
            return Ok(Err(Reason::Unusable { fault }));
        }
        Ok(Ok(Self { classes, values }))
    }

    /// Bytes of the logits of so many classes on so many samples.
    pub(crate) fn bytes(samples: usize, classes: usize) -> u64 {
        (samples as u64).saturating_mul(classes as u64).saturating_mul(size_of::<f64>() as u64)
    }

    /// Number of classes, K.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of samples, n.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.values.len() / self.classes
    }

    /// The K logits of each sample.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.classes)
    }

    /// The predicted class of each sample: that of the largest logit, the first of equal ones.
    pub fn predictions(&self) -> impl Iterator<Item = usize> {
        self.rows().map(|logits| {
            let better = |best, (class, logit): (usize, &f64)| if *logit > logits[best] { class } else { best };
            logits.iter().enumerate().fold(0, better)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::sample::representation;

    fn logits(values: &[f64], classes: usize) -> Result<Logits, Reason> {
        let representation = representation(values.len() / classes, classes, Matrix::F64(values.to_vec()));
        pollster::block_on(Logits::of(&representation, classes)).unwrap()
    }

    #[test]
    fn the_largest_logit_is_the_prediction_and_the_first_of_equal_ones() {
        let logits = logits(&[-3.0, -1.0, -2.0, 0.5, 0.5, 0.25, 0.0, 0.0, 7.0], 3).unwrap();
        assert_eq!((logits.samples(), logits.classes()), (3, 3));
        assert_eq!(logits.predictions().collect::<Vec<_>>(), [1, 0, 2]);
    }

    #[test]
    fn what_is_not_whole_or_not_finite_has_a_reason() {
        let error = logits(&[0.0, 1.0, f64::NAN, 0.0], 2).unwrap_err();
        assert_eq!(error.to_string(), "the logit of class 0 of sample 1 is NaN");
        let some = representation(4, 2, Matrix::F32(vec![0.0; 8]));
        let error = pollster::block_on(Logits::of(&some, 3)).unwrap().unwrap_err();
        assert_eq!(error, Reason::PartialLogits { found: 2, classes: 3 });
    }
}

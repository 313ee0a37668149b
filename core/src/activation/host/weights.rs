//! The tensors of a network, with batch normalisation folded in.

use crate::activation::ActivationError;
use crate::model::StateDict;

/// The tensors of one network, by PyTorch's name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights<'a> {
    network: &'a str,
    state: &'a StateDict,
}

impl<'a> Weights<'a> {
    /// `network` is what errors call it.
    pub(super) fn new(network: &'a str, state: &'a StateDict) -> Self {
        Self { network, state }
    }

    pub(super) fn network(&self) -> &str {
        self.network
    }

    /// Weights and bias of the layer `name`, whose first dimension is that of its outputs, followed by a batch
    /// normalisation `norm` (name and epsilon): `w' = w s`, `b' = b s + t`, computed in double precision.
    ///
    /// # Errors
    /// [`ActivationError::Tensor`] when a tensor is absent or has another shape.
    pub(super) fn weighted(
        &self,
        name: &str,
        shape: &[usize],
        has_bias: bool,
        norm: Option<(&str, f64)>,
    ) -> Result<(Vec<f32>, Vec<f32>), ActivationError> {
        let outputs = shape[0];
        let weights = self.tensor(&format!("{name}.weight"), shape)?;
        let bias = match has_bias {
            true => self.tensor(&format!("{name}.bias"), &[outputs])?.to_vec(),
            false => vec![0.0; outputs],
        };
        let Some((norm, epsilon)) = norm else { return Ok((weights.to_vec(), bias)) };
        let normalisation = self.normalisation(norm, epsilon, outputs)?;
        let inputs = (weights.len() / outputs.max(1)).max(1);
        let rows = weights.chunks_exact(inputs).zip(&normalisation);
        let folded = rows.flat_map(|(row, &(s, _))| row.iter().map(move |&w| (f64::from(w) * s) as f32)).collect();
        let bias = bias.iter().zip(&normalisation).map(|(&b, &(s, t))| (f64::from(b) * s + t) as f32).collect();
        Ok((folded, bias))
    }

    /// A batch normalisation by itself: `y = s x + t` for each channel.
    ///
    /// # Errors
    /// [`ActivationError::Tensor`] when a tensor is absent or has another shape.
    pub(super) fn scale_and_shift(
        &self,
        name: &str,
        epsilon: f64,
        channels: usize,
    ) -> Result<(Vec<f32>, Vec<f32>), ActivationError> {
        let normalisation = self.normalisation(name, epsilon, channels)?;
        Ok(normalisation.into_iter().map(|(s, t)| (s as f32, t as f32)).unzip())
    }

    /// Scale and shift of a normalisation without running statistics.
    ///
    /// # Errors
    /// [`ActivationError::Tensor`] when a tensor is absent or has another shape.
    pub(super) fn affine(&self, name: &str, channels: usize) -> Result<(Vec<f32>, Vec<f32>), ActivationError> {
        let part = |part: &str| self.tensor(&format!("{name}.{part}"), &[channels]).map(<[f32]>::to_vec);
        Ok((part("weight")?, part("bias")?))
    }

    /// `s = scale / sqrt(variance + epsilon)` and `t = shift - mean s` for each channel.
    fn normalisation(&self, name: &str, epsilon: f64, channels: usize) -> Result<Vec<(f64, f64)>, ActivationError> {
        let [scale, shift, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
            .map(|part| self.tensor(&format!("{name}.{part}"), &[channels]));
        let (scale, shift, mean, variance) = (scale?, shift?, mean?, variance?);
        let channels = scale.iter().zip(shift).zip(mean.iter().zip(variance));
        Ok(channels
            .map(|((&scale, &shift), (&mean, &variance))| {
                let s = f64::from(scale) / (f64::from(variance) + epsilon).sqrt();
                (s, f64::from(shift) - f64::from(mean) * s)
            })
            .collect())
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<&'a [f32], ActivationError> {
        let refused = |found: String| ActivationError::Tensor {
            network: self.network.to_owned(),
            tensor: name.to_owned(),
            expected: format!("shape {shape:?}"),
            found,
        };
        let tensor = self.state.get(name).ok_or_else(|| refused("nothing of that name".to_owned()))?;
        if tensor.shape != shape || tensor.values.len() != shape.iter().product::<usize>() {
            return Err(refused(format!("shape {:?} with {} values", tensor.shape, tensor.values.len())));
        }
        Ok(&tensor.values)
    }
}

//! Weights before training, drawn on the host so that a seed gives the same weights on every device.

use std::f64::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::state::{StateDict, StateTensor};
use super::{Graph, Operation, Parameter, ParameterRole};

/// Weights before training.
///
/// Convolutions without bias, which batch normalisation follows: normal with variance 2 / fan-out (He et al. 2015, as in
/// torchvision). Convolutions and linear layers with bias: uniform within ±1 / √fan-in, the bias too (PyTorch's default).
/// Batch normalisation: scale 1, shift 0, running mean 0, running variance 1.
#[must_use]
pub fn initial_state(graph: &Graph, seed: u64) -> StateDict {
    let mut generator = Generator(ChaCha8Rng::seed_from_u64(seed));
    let mut fan_in = 1;
    let mut state = StateDict::new();
    for parameter in &graph.parameters {
        if parameter.role == ParameterRole::Weight {
            fan_in = parameter.shape.iter().skip(1).product::<usize>().max(1);
        }
        let bound = 1.0 / (fan_in as f64).sqrt();
        let values = match parameter.role {
            ParameterRole::Weight if is_residual(graph, parameter) => {
                let fan_out = parameter.len() / parameter.shape[1].max(1);
                let deviation = (2.0 / fan_out as f64).sqrt();
                generator.draw(parameter.len(), |g| deviation * g.normal())
            }
            ParameterRole::Weight | ParameterRole::Bias => {
                generator.draw(parameter.len(), |g| bound * (2.0 * g.unit() - 1.0))
            }
            ParameterRole::Scale | ParameterRole::RunningVar => vec![1.0; parameter.len()],
            ParameterRole::Shift | ParameterRole::RunningMean => vec![0.0; parameter.len()],
        };
        state.insert(parameter.name.clone(), StateTensor { shape: parameter.shape.clone(), values });
    }
    state
}

/// Whether a weight is that of a convolution without bias.
fn is_residual(graph: &Graph, weight: &Parameter) -> bool {
    let layer = weight.name.strip_suffix(".weight").unwrap_or(&weight.name);
    graph
        .nodes
        .iter()
        .any(|node| matches!(&node.operation, Operation::Conv2d { name, bias: false, .. } if name == layer))
}

struct Generator(ChaCha8Rng);

impl Generator {
    #[allow(clippy::cast_possible_truncation, reason = "weights are single precision")]
    fn draw(&mut self, count: usize, value: impl Fn(&mut Self) -> f64) -> Vec<f32> {
        (0..count).map(|_| value(self) as f32).collect()
    }

    /// Uniform in [0, 1) with 53 bits.
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal, by Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Architecture, Mlp, Resnet};

    fn moments(values: &[f32]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        (mean, values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n)
    }

    #[test]
    fn a_seed_decides_the_weights() {
        let architecture = Architecture::from(Resnet::resnet18_cifar(4, 1, 10));
        let graph = architecture.graph(architecture.canonical_input()).unwrap();
        assert_eq!(initial_state(&graph, 7), initial_state(&graph, 7));
        assert_ne!(initial_state(&graph, 7), initial_state(&graph, 8));
    }

    #[test]
    fn weights_have_the_moments_of_their_distributions() {
        let architecture = Architecture::from(Resnet::resnet18_cifar(32, 3, 10));
        let graph = architecture.graph(architecture.canonical_input()).unwrap();
        let state = initial_state(&graph, 1);
        // 147,456 normal values, fan-out 128 × 9: the relative error of a variance is about √(2 / 147,456) = 0.4 %.
        let (mean, variance) = moments(&state["layer3.0.conv2.weight"].values);
        let expected = 2.0 / (128.0 * 9.0);
        assert!(mean.abs() < 4.0 * (expected / 147_456.0_f64).sqrt(), "{mean}");
        assert!((variance / expected - 1.0).abs() < 0.02, "{variance}");

        let mlp = Architecture::from(Mlp::new(784, &[256], 10));
        let graph = mlp.graph(mlp.canonical_input()).unwrap();
        let state = initial_state(&graph, 1);
        let (_, variance) = moments(&state["fc1.weight"].values);
        assert!((variance * 3.0 * 784.0 - 1.0).abs() < 0.01, "{variance}");
        assert!(state["fc1.weight"].values.iter().all(|value| value.abs() <= 1.0 / 28.0));
        assert!(state["fc2.bias"].values.iter().all(|value| value.abs() <= 1.0 / 16.0));
    }
}

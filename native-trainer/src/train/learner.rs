//! A network that learns: steps of stochastic gradient descent.

use anyhow::Result;
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor};
use repgeo_core::data::ImageShape;
use repgeo_core::model::{Architecture, BurnNetwork, Shape};

use super::batches::Batch;

/// A network in training and what its steps need.
pub(super) struct Learner {
    architecture: Architecture,
    network: BurnNetwork,
    optimizer: ModuleOptimizer,
    loss: CrossEntropyLoss,
}

/// PyTorch's stochastic gradient descent, without dampening.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descent {
    /// How much of the last step's direction is kept.
    pub(super) momentum: f64,
    /// Weight of the squared weights in the loss, halved.
    pub(super) weight_decay: f64,
}

/// Mean loss and number of right answers of a batch, on the device.
pub(super) struct Outcome {
    pub(super) images: usize,
    pub(super) loss: Tensor<1>,
    pub(super) correct: Tensor<1, Int>,
}

impl Learner {
    /// A learner whose network is on `device`, which keeps gradients.
    pub(super) fn new(architecture: Architecture, network: BurnNetwork, descent: Descent, device: &Device) -> Self {
        // Burn's default would damp the gradient.
        let momentum = MomentumConfig::new().with_momentum(descent.momentum).with_dampening(0.0);
        #[allow(clippy::cast_possible_truncation, reason = "burn takes the decay in single precision")]
        let decay = WeightDecayConfig::new(descent.weight_decay as f32);
        Self {
            architecture,
            network,
            optimizer: SgdConfig::new().with_momentum(Some(momentum)).with_weight_decay(Some(decay)).init(),
            loss: CrossEntropyLossConfig::new().init(device),
        }
    }

    /// The network as it is now.
    pub(super) fn network(&self) -> &BurnNetwork {
        &self.network
    }

    /// One step on a batch, whose images may be of any size that the architecture takes.
    ///
    /// # Errors
    /// When the images do not fit the architecture.
    pub(super) fn step(&mut self, batch: Batch, learning_rate: f64) -> Result<Outcome> {
        let [_, channels, height, width] = batch.images.dims();
        let seen = ImageShape { channels, height, width };
        if self.network.graph().nodes.first().map(|node| node.shape) != Some(Shape::Map(seen)) {
            self.network = self.network.clone().with_graph(&self.architecture.graph(seen)?)?;
        }
        let logits = self.network.forward(batch.images)?;
        let outcome = Outcome::of(&logits, &batch.classes, &self.loss);
        let gradients = outcome.loss.backward();
        let gradients = GradientsParams::from_grads(gradients, &self.network);
        self.network = self.optimizer.step(learning_rate, self.network.clone(), gradients);
        Ok(outcome)
    }
}

impl Outcome {
    /// What these logits come to.
    pub(super) fn of(logits: &Tensor<2>, classes: &Tensor<1, Int>, loss: &CrossEntropyLoss) -> Self {
        let answers = logits.clone().detach().argmax(1).flatten::<1>(0, 1);
        Self {
            images: classes.dims()[0],
            loss: loss.forward(logits.clone(), classes.clone()),
            correct: answers.equal(classes.clone()).int().sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use burn::tensor::TensorData;
    use repgeo_core::model::{Cnn, ConvBlock, Graph, Head, LinearLayer, Pool, StateDict, StateTensor};
    use serde::Deserialize;

    use super::*;

    const STEPS: usize = 50;
    const BATCH: usize = 12;
    const CLASSES: usize = 3;
    const INPUT: ImageShape = ImageShape { channels: 2, height: 6, width: 6 };

    /// What `fixtures/torch_steps.py` wrote.
    #[derive(Deserialize)]
    struct Fixture {
        largest_single_difference: f64,
        losses: [f64; 2],
        state: BTreeMap<String, Vec<f64>>,
    }

    fn architecture() -> Architecture {
        let block = |number: usize, channels, pool| ConvBlock {
            bias: false,
            batch_norm: Some(format!("bn{number}")),
            pool,
            ..ConvBlock::new(format!("conv{number}"), channels, 3)
        };
        let blocks = vec![block(1, 4, Some(Pool::average(2))), block(2, 5, None)];
        Cnn::new(INPUT, blocks, Head::GlobalAverage, vec![LinearLayer::new("fc", CLASSES)]).into()
    }

    fn wave(index: usize, phase: usize) -> f64 {
        let index = index as f64;
        (0.37 * index * index + 1.3 * index + phase as f64).sin()
    }

    fn initial(graph: &Graph) -> StateDict {
        let mut state = repgeo_core::model::initial_state(graph, 0);
        for (number, parameter) in graph.parameters.iter().enumerate() {
            if !parameter.name.starts_with("bn") {
                let values = (0..parameter.len()).map(|index| (0.4 * wave(index, number)) as f32).collect();
                state.insert(parameter.name.clone(), StateTensor { shape: parameter.shape.clone(), values });
            }
        }
        state
    }

    fn batch(step: usize, device: &Device) -> Batch {
        let classes: Vec<usize> = (0..BATCH).map(|sample| (step + 2 * sample + sample * sample) % CLASSES).collect();
        let mut images = Vec::new();
        for (sample, &label) in classes.iter().enumerate() {
            for position in 0..INPUT.len() {
                let signal = ((0.5 + label as f64) * position as f64 + 0.1 * sample as f64).cos();
                images.push((0.5 * signal + 0.5 * wave(position + 7 * sample, step) + 0.2) as f32);
            }
        }
        let classes: Vec<i64> = classes.into_iter().map(|label| i64::try_from(label).unwrap()).collect();
        let shape = [BATCH, INPUT.channels, INPUT.height, INPUT.width];
        Batch {
            images: Tensor::from_data(TensorData::new(images, shape), device),
            classes: Tensor::from_data(TensorData::new(classes, [BATCH]), device),
        }
    }

    #[test]
    fn fifty_steps_end_where_pytorch_ends() {
        let fixture: Fixture = serde_json::from_str(include_str!("fixtures/torch_steps.json")).unwrap();
        let device = Device::flex().autodiff();
        let architecture = architecture();
        let graph = architecture.graph(INPUT).unwrap();
        let network = BurnNetwork::from_state(&graph, &initial(&graph), &device).unwrap();
        let descent = Descent { momentum: 0.9, weight_decay: 5e-4 };
        let mut learner = Learner::new(architecture, network, descent, &device);
        let mut losses = Vec::new();
        for step in 0..STEPS {
            let outcome = learner.step(batch(step, &device), 0.02 + 0.001 * (step % 7) as f64).unwrap();
            losses.push(outcome.loss.detach().into_data().iter::<f64>().next().unwrap());
        }
        // PyTorch in single precision ends this far from PyTorch in double precision; other orders of the same sums may
        // end ten times as far. The biased variance would be 1 part in 108 away.
        let tolerance = 10.0 * fixture.largest_single_difference;
        assert!(tolerance < 1e-5, "{tolerance}");
        for (found, expected) in [losses[0], losses[STEPS - 1]].into_iter().zip(fixture.losses) {
            assert!((found - expected).abs() < tolerance, "{found} {expected}");
        }
        let state = pollster::block_on(learner.network().state()).unwrap();
        assert_eq!(state.keys().collect::<Vec<_>>().len(), fixture.state.len());
        for (name, expected) in &fixture.state {
            let found = &state[name].values;
            assert_eq!(found.len(), expected.len(), "{name}");
            for (&found, expected) in found.iter().zip(expected) {
                assert!((f64::from(found) - expected).abs() < tolerance, "{name}: {found} {expected}");
            }
        }
    }

    #[test]
    fn a_channel_with_one_value_is_refused() {
        let device = Device::flex().autodiff();
        let architecture = architecture();
        let shape = ImageShape { channels: 2, height: 2, width: 2 };
        let graph = architecture.graph(shape).unwrap();
        let network = BurnNetwork::from_state(&graph, &initial(&graph), &device).unwrap();
        let images = Tensor::<4>::zeros([1, 2, 2, 2], &device);
        // The second batch normalisation sees one position of one image.
        let message = network.forward(images).unwrap_err().to_string();
        assert_eq!(message, "batch normalisation in training: expected at least 2 values of each channel, found 1");
    }
}

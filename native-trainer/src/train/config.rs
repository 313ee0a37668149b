//! What decides a training run.

use anyhow::{Result, ensure};
use clap::ValueEnum;
use repgeo_core::data::{ImageShape, Normalisation};
use repgeo_core::model::{Architecture, Mlp, Resnet};
use serde::{Deserialize, Serialize};

use super::Arguments;
use super::augment::Augmentation;
use super::schedule::Schedule;
use crate::dataset::Splits;

/// Widths of an MLP's hidden layers when `--hidden` is not given.
const HIDDEN: [usize; 2] = [256, 128];
/// Channels of a ResNet's first stage when `--width` is not given.
const WIDTH: usize = 64;

/// The networks that can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModelChoice {
    /// Linear layers with ReLU between them.
    Mlp,
    /// ResNet-18 in torchvision's layout, with the stem for small images.
    Resnet18,
}

/// Number format of the checkpoint's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoredPrecision {
    /// Single precision: exact.
    F32,
    /// Half precision: half the size.
    F16,
}

impl From<StoredPrecision> for repgeo_core::checkpoint::Precision {
    fn from(precision: StoredPrecision) -> Self {
        match precision {
            StoredPrecision::F32 => Self::F32,
            StoredPrecision::F16 => Self::F16,
        }
    }
}

/// A training run, every choice resolved: the same values on the same device give the same network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    /// The network.
    pub(crate) architecture: Architecture,
    /// What people call the data set.
    pub(crate) dataset: String,
    /// SHA-256 over the training images.
    pub(crate) training_images: String,
    /// The shape of an image.
    pub(crate) input: ImageShape,
    /// How pixels are normalised.
    pub(crate) normalisation: Normalisation,
    /// What is changed in training images.
    pub(crate) augmentation: Augmentation,
    /// Seed of initial weights, order, changes and dropout.
    pub(crate) seed: u64,
    /// How often each training image is shown.
    pub(crate) epochs: usize,
    /// Images of a step.
    pub(crate) batch_size: usize,
    /// The learning rate over time.
    pub(crate) schedule: Schedule,
    /// The part of all steps, from the start, with images halved in height and width.
    pub(crate) halved: f64,
    /// Momentum of stochastic gradient descent.
    pub(crate) momentum: f64,
    /// Weight of the squared weights in the loss, halved.
    pub(crate) weight_decay: f64,
    /// Number format of the checkpoint's values.
    pub(crate) precision: StoredPrecision,
    /// The device.
    pub(crate) device: String,
}

impl Config {
    /// Resolves what the command line leaves open.
    pub(crate) fn resolve(arguments: &Arguments, data: &Splits) -> Result<Self> {
        let input = data.train.shape;
        let is_mlp = arguments.model == ModelChoice::Mlp;
        let hidden = if arguments.hidden.is_empty() { &HIDDEN[..] } else { &arguments.hidden };
        let width = arguments.width.unwrap_or(WIDTH);
        let architecture = match arguments.model {
            ModelChoice::Mlp => Architecture::from(Mlp {
                dropout: arguments.dropout.unwrap_or(0.0),
                ..Mlp::new(input.len(), hidden, data.classes)
            }),
            ModelChoice::Resnet18 => Resnet::resnet18_cifar(width, input.channels, data.classes).into(),
        };
        let normalisation = match &arguments.normalize {
            Some(preset) => Normalisation::preset(preset, input.channels)?,
            None => Normalisation { name: "training-set".to_owned(), ..data.train.statistics()? },
        };
        let default_augmentation = if is_mlp { Augmentation::None } else { Augmentation::FlipShift };
        let default_peak = if is_mlp { 0.05 } else { 0.1 };
        let config = Self {
            architecture,
            dataset: data.name.clone(),
            training_images: data.train.samples.content.to_string(),
            input,
            normalisation,
            augmentation: arguments.augment.unwrap_or(default_augmentation),
            seed: arguments.seed,
            epochs: arguments.epochs,
            batch_size: arguments.batch_size,
            schedule: Schedule { peak: arguments.learning_rate.unwrap_or(default_peak), warm_up: arguments.warm_up },
            halved: arguments.halved.unwrap_or(0.0),
            momentum: arguments.momentum,
            weight_decay: arguments.weight_decay,
            precision: arguments.precision,
            device: arguments.device.id().to_owned(),
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let Self { epochs, batch_size, schedule, halved, momentum, weight_decay, .. } = self;
        ensure!(*epochs > 0, "--epochs: expected at least 1, found 0");
        // Batch normalisation has no variance of one sample.
        ensure!(*batch_size > 1, "--batch-size: expected at least 2, found {batch_size}");
        let Schedule { peak, warm_up } = *schedule;
        ensure!(peak.is_finite() && peak > 0.0, "--learning-rate: expected a number above 0, found {peak}");
        ensure!((0.0..1.0).contains(&warm_up), "--warm-up: expected a part from 0 to below 1, found {warm_up}");
        ensure!((0.0..1.0).contains(halved), "--halved: expected a part from 0 to below 1, found {halved}");
        ensure!((0.0..1.0).contains(momentum), "--momentum: expected a number from 0 to below 1, found {momentum}");
        ensure!(
            weight_decay.is_finite() && *weight_decay >= 0.0,
            "--weight-decay: expected a number of at least 0, found {weight_decay}"
        );
        Ok(())
    }
}

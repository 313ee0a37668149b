//! `train`: a network from a seed.

mod augment;
mod batches;
mod config;
mod learner;
mod run_directory;
mod schedule;
mod session;

use std::path::PathBuf;

use anyhow::{Result, ensure};

pub(crate) use augment::Augmentation;
pub(crate) use config::{Config, ModelChoice, StoredPrecision};
pub(crate) use run_directory::RunDirectory;
pub(crate) use session::train;

use crate::dataset;
use crate::device::DeviceChoice;
use crate::terminal;

/// Arguments of `train`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// The network.
    #[arg(long, value_enum)]
    pub(crate) model: ModelChoice,
    /// Channels of the first stage of a ResNet; 64 without it.
    #[arg(long, value_name = "CHANNELS")]
    pub(crate) width: Option<usize>,
    /// Widths of the hidden layers of an MLP; 256,128 without it.
    #[arg(long, value_delimiter = ',', value_name = "WIDTHS")]
    pub(crate) hidden: Vec<usize>,
    /// Probability that a hidden value of an MLP is set to zero in training; 0 without it.
    #[arg(long, value_name = "PROBABILITY")]
    pub(crate) dropout: Option<f64>,
    /// The folder of the data set, or its files (IDX, plain or gzipped; CIFAR binary batches).
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub(crate) data: Vec<PathBuf>,
    /// How pixels are normalised: a preset's name; the training set's own mean and deviation without it.
    #[arg(long, value_name = "NAME")]
    pub(crate) normalize: Option<String>,
    /// What is changed in training images; `none` for an MLP and `flip-shift` for a ResNet without it.
    #[arg(long, value_enum)]
    pub(crate) augment: Option<Augmentation>,
    /// Decides initial weights, order, changes and dropout.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// How often each training image is shown.
    #[arg(long, default_value_t = 10)]
    pub(crate) epochs: usize,
    /// Images of a step.
    #[arg(long, default_value_t = 128, value_name = "IMAGES")]
    pub(crate) batch_size: usize,
    /// The largest learning rate; 0.05 for an MLP and 0.1 for a ResNet without it.
    #[arg(long, value_name = "RATE")]
    pub(crate) learning_rate: Option<f64>,
    /// The part of all steps in which the learning rate rises.
    #[arg(long, default_value_t = 0.2, value_name = "PART")]
    pub(crate) warm_up: f64,
    /// The part of all steps, from the start, in which a ResNet sees images halved in height and width: a quarter of the
    /// work; 0 without it.
    #[arg(long, value_name = "PART")]
    pub(crate) halved: Option<f64>,
    /// Momentum of stochastic gradient descent.
    #[arg(long, default_value_t = 0.9)]
    pub(crate) momentum: f64,
    /// Weight decay.
    #[arg(long, default_value_t = 5e-4)]
    pub(crate) weight_decay: f64,
    /// Where the tensors are.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    pub(crate) device: DeviceChoice,
    /// Number format of the checkpoint's values.
    #[arg(long, value_enum, default_value_t = StoredPrecision::F32)]
    pub(crate) precision: StoredPrecision,
    /// The run's folder: `config.json`, `metrics.jsonl` and `final.safetensors`.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace a finished run in that folder, once the new one is complete.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    arguments.check()?;
    let _folder = RunDirectory::open(&arguments.out, arguments.overwrite)?;
    let data = dataset::load(&arguments.data)?;
    let config = Config::resolve(arguments, &data)?;
    let checkpoint = train(&config, &data, &arguments.device.open()?, &arguments.out)?;
    terminal::print_line(&checkpoint.display().to_string())
}

impl Arguments {
    /// Refuses options of the other kind of networks, which would do nothing.
    fn check(&self) -> Result<()> {
        let (kind, others) = match self.model {
            ModelChoice::Mlp => {
                ("an MLP", vec![("--width", self.width.is_some()), ("--halved", self.halved.is_some())])
            }
            ModelChoice::Resnet18 => {
                ("a ResNet", vec![("--hidden", !self.hidden.is_empty()), ("--dropout", self.dropout.is_some())])
            }
        };
        let given: Vec<&str> = others.into_iter().filter_map(|(name, given)| given.then_some(name)).collect();
        ensure!(given.is_empty(), "{}: {kind} has no such choice; leave it out", given.join(", "));
        Ok(())
    }
}

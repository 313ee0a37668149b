//! The training loop.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use burn::module::Module as _;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Device, Tensor};
use indicatif::{ProgressBar, ProgressStyle};
use repgeo_core::checkpoint::{self, Metadata, Reading};
use repgeo_core::data::ImageShape;
use repgeo_core::file::NamedBytes;
use repgeo_core::model::{BurnNetwork, Graph, Node, Operation, Shape, StateDict};

use super::augment::Augmentation;
use super::batches::{Images, generator_of, shuffled};
use super::config::Config;
use super::learner::{Descent, Learner, Outcome};
use super::run_directory::{EpochRecord, RunDirectory};
use crate::dataset::Splits;
use crate::terminal;

/// Steps between two readings of the loss: reading waits for the device.
const STEPS_BETWEEN_READINGS: usize = 16;
/// Images of a step when testing.
const TEST_BATCH: usize = 250;

/// Trains a network and writes the run's folder; returns the checkpoint.
pub(crate) fn train(config: &Config, data: &Splits, device: &Device, out: &Path) -> Result<PathBuf> {
    let graph = config.architecture.graph(config.input)?;
    let training = Images::new(&data.train, &config.normalisation)?;
    let test = Images::new(&data.test, &config.normalisation)?;
    check_last_step(config, &graph, training.len())?;
    let mut run = RunDirectory::create(out, config)?;
    terminal::print_line(&format!(
        "{}: {} parameters, {} training and {} test images, seed {}",
        config.architecture.describe(),
        graph.trainable_parameters(),
        training.len(),
        test.len(),
        config.seed
    ))?;
    let mut session = Session::start(config, graph.clone(), device, training.len())?;
    for epoch in 0..config.epochs {
        let record = session.epoch(epoch, &training, &test)?;
        session.bar.suspend(|| {
            terminal::print_line(&format!(
                "epoch {}: training loss {:.4}, training accuracy {:.2} %, test accuracy {:.2} %, {:.0} images/s",
                record.epoch,
                record.training_loss,
                100.0 * record.training_accuracy,
                100.0 * record.test_accuracy,
                record.images_per_second
            ))
        })?;
        run.append(&record)?;
    }
    session.bar.finish_and_clear();
    let state = pollster::block_on(session.learner.network().state())?;
    let (bytes, accuracy) = package(config, data, &graph, &state, session.step, &test, device)?;
    terminal::print_line(&format!("test accuracy of the checkpoint: {:.2} %", 100.0 * accuracy))?;
    run.finish(&bytes)
}

/// Refuses steps of one image where batch normalisation would see one value of a channel, which has no variance.
fn check_last_step(config: &Config, graph: &Graph, images: usize) -> Result<()> {
    if images % config.batch_size != 1 {
        return Ok(());
    }
    let ImageShape { channels, height, width } = config.input;
    let halved = ImageShape { channels, height: height / 2, width: width / 2 };
    let smallest = if config.halved > 0.0 { &config.architecture.graph(halved)? } else { graph };
    let single = |node: &Node| {
        let positions = match node.shape {
            Shape::Map(map) => map.height * map.width,
            Shape::Vector(_) => 1,
        };
        positions == 1 && matches!(node.operation, Operation::BatchNorm { .. })
    };
    ensure!(
        !smallest.nodes.iter().any(single),
        "--batch-size: {images} training images in steps of {} leave one image for the last step, of which batch \
         normalisation has no variance; choose another size",
        config.batch_size
    );
    Ok(())
}

struct Session<'a> {
    config: &'a Config,
    device: Device,
    graph: Graph,
    learner: Learner,
    step: usize,
    steps: usize,
    started: Instant,
    bar: ProgressBar,
}

/// Sums over the images of an epoch.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    images: usize,
    loss: f64,
    correct: f64,
}

impl Totals {
    fn mean_loss(self) -> f64 {
        self.loss / self.images as f64
    }

    fn accuracy(self) -> f64 {
        self.correct / self.images as f64
    }
}

impl<'a> Session<'a> {
    fn start(config: &'a Config, graph: Graph, device: &Device, images: usize) -> Result<Self> {
        device.seed(config.seed);
        let device = device.clone().autodiff();
        let network = BurnNetwork::init(&graph, config.seed, &device)?;
        let descent = Descent { momentum: config.momentum, weight_decay: config.weight_decay };
        let steps = images.div_ceil(config.batch_size) * config.epochs;
        Ok(Self {
            config,
            graph,
            learner: Learner::new(config.architecture.clone(), network, descent, &device),
            device,
            step: 0,
            steps,
            started: Instant::now(),
            bar: progress_bar(steps)?,
        })
    }

    fn epoch(&mut self, epoch: usize, training: &Images<'_>, test: &Images<'_>) -> Result<EpochRecord> {
        let started = Instant::now();
        let mut generator = generator_of(self.config.seed, epoch);
        let order = shuffled(training.len(), &mut generator);
        let mut totals = Totals::default();
        let mut unread = Vec::new();
        let mut learning_rate = 0.0;
        for indices in order.chunks(self.config.batch_size) {
            let mut batch = training.batch(indices, self.config.augmentation, &mut generator, &self.device);
            if self.sees_halved_images() {
                batch.images = avg_pool2d(batch.images, AvgPoolOptions::new([2, 2]));
            }
            learning_rate = self.config.schedule.rate(self.step, self.steps);
            unread.push(self.learner.step(batch, learning_rate)?);
            if unread.len() == STEPS_BETWEEN_READINGS {
                read(&mut unread, &mut totals)?;
                self.bar.set_message(format!("epoch {}, loss {:.3}", epoch + 1, totals.mean_loss()));
            }
            self.step += 1;
            self.bar.inc(1);
        }
        read(&mut unread, &mut totals)?;
        let seconds = started.elapsed().as_secs_f64();
        ensure!(
            totals.loss.is_finite(),
            "the loss is no longer a finite number in epoch {}: choose a smaller --learning-rate",
            epoch + 1
        );
        let network = self.learner.network().valid().with_graph(&self.graph)?;
        let tested = evaluate(&network, test, &self.device.clone().inner())?;
        Ok(EpochRecord {
            epoch: epoch + 1,
            step: self.step,
            learning_rate,
            training_loss: totals.mean_loss(),
            training_accuracy: totals.accuracy(),
            test_loss: tested.mean_loss(),
            test_accuracy: tested.accuracy(),
            images_per_second: totals.images as f64 / seconds,
            seconds: self.started.elapsed().as_secs_f64(),
        })
    }

    fn sees_halved_images(&self) -> bool {
        (self.step as f64) < self.config.halved * self.steps as f64
    }
}

/// Adds outcomes that are still on the device to the totals.
fn read(unread: &mut Vec<Outcome>, totals: &mut Totals) -> Result<()> {
    for Outcome { images, loss, correct } in unread.drain(..) {
        totals.images += images;
        totals.loss += images as f64 * scalar(loss.detach())?;
        totals.correct += scalar(correct.float())?;
    }
    Ok(())
}

fn scalar(tensor: Tensor<1>) -> Result<f64> {
    let data =
        tensor.try_into_data().map_err(|error| anyhow::anyhow!("the device did not hand back a value: {error:?}"))?;
    data.iter::<f64>().next().context("the device handed back no value")
}

/// Loss and right answers of a network in inference.
fn evaluate(network: &BurnNetwork, images: &Images<'_>, device: &Device) -> Result<Totals> {
    let loss = CrossEntropyLossConfig::new().init(device);
    let mut generator = generator_of(0, 0);
    let mut totals = Totals::default();
    let all: Vec<usize> = (0..images.len()).collect();
    for indices in all.chunks(TEST_BATCH) {
        let batch = images.batch(indices, Augmentation::None, &mut generator, device);
        let outcome = Outcome::of(&network.forward(batch.images)?, &batch.classes, &loss);
        read(&mut vec![outcome], &mut totals)?;
    }
    Ok(totals)
}

/// The checkpoint's bytes, and the test accuracy of what they hold: rounding to the stored precision counts.
fn package(
    config: &Config,
    data: &Splits,
    graph: &Graph,
    state: &StateDict,
    step: usize,
    test: &Images<'_>,
    device: &Device,
) -> Result<(Vec<u8>, f64)> {
    let mut metadata = Metadata {
        dataset: Some(data.name.clone()),
        normalisation: Some(config.normalisation.clone()),
        seed: Some(config.seed),
        step: Some(step as u64),
        ..Metadata::default()
    };
    let save = |metadata: &Metadata| {
        checkpoint::save_safetensors(&config.architecture, state, config.precision.into(), metadata)
    };
    let file = NamedBytes { name: "final.safetensors".to_owned(), bytes: save(&metadata)? };
    let network = checkpoint::load(checkpoint::read(&file)?, &Reading::default())?;
    let network = BurnNetwork::from_state(graph, &network.state, device)?;
    let accuracy = evaluate(&network, test, device)?.accuracy();
    metadata.accuracy = Some(accuracy);
    Ok((save(&metadata)?, accuracy))
}

fn progress_bar(steps: usize) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} steps, {eta} left, {msg}")?;
    Ok(ProgressBar::new(steps as u64).with_style(style))
}

//! The zoo: networks as well-known repositories write them, by the names, shapes and order of their tensors, with the
//! activations that PyTorch computes of them; see `fixtures/zoo/make.py`.

use std::collections::BTreeMap;

use anyhow::bail;
use repgeo_core::activation::settle;
use repgeo_core::checkpoint::{self, Network, Reading};
use repgeo_core::data::{ImageShape, Pixels, ProbeSet};
use repgeo_core::file::NamedBytes;
use serde::Deserialize;

use crate::places;
use crate::pytorch::{self, Values};

/// The number of the tensor that stands for the first image.
const FIRST_IMAGE: u64 = 1_000_000;

/// A kind of network.
#[derive(Debug, Clone, Deserialize)]
pub struct Kind {
    /// What it is called here.
    pub name: String,
    /// What it is written after.
    pub about: String,
    /// What is right for it.
    pub verdict: Verdict,
    /// What has to be said of what its tensors leave open, by key.
    pub reading: BTreeMap<String, String>,
    /// Channels, height and width of its images.
    pub input: [usize; 3],
    tensors: Vec<Tensor>,
    /// What PyTorch computes at its taps.
    pub taps: Vec<Tap>,
}

/// What is right for a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Names and shapes determine it.
    Right,
    /// Other networks have the same tensors.
    Assumed,
    /// It is none that is known here.
    Refused,
}

/// Name, shape, and the type where it is not a floating-point one.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Tensor {
    Float(String, Vec<usize>),
    Other(String, Vec<usize>, String),
}

/// Some values of each image at a tap.
#[derive(Debug, Clone, Deserialize)]
pub struct Tap {
    /// Its name.
    pub name: String,
    /// The number of values that an image has there.
    pub size: usize,
    /// The values of each image that are kept, evenly spread.
    pub values: Vec<Vec<f64>>,
}

/// All kinds.
///
/// # Errors
/// When the fixture cannot be read.
pub fn kinds() -> anyhow::Result<Vec<Kind>> {
    Ok(serde_json::from_slice(&std::fs::read(places::root().join("tests/fixtures/zoo/zoo.json"))?)?)
}

impl Kind {
    /// The file that PyTorch saves of it.
    ///
    /// # Errors
    /// When a tensor is of a type that is not known here.
    pub fn file(&self) -> anyhow::Result<NamedBytes> {
        let mut tensors = Vec::new();
        for (number, tensor) in (0..).zip(&self.tensors) {
            let (name, shape, values) = match tensor {
                Tensor::Float(name, shape) => (name, shape, Values::Float(weights(number, name, shape))),
                Tensor::Other(name, shape, element) => {
                    let count = shape.iter().product();
                    match element.as_str() {
                        "int64" => (name, shape, Values::Long(vec![0; count])),
                        "uint8" => (name, shape, Values::Byte(vec![0; count])),
                        other => bail!("{}: {name} is of the type {other}", self.name),
                    }
                }
            };
            tensors.push(pytorch::Tensor { name: name.clone(), shape: shape.clone(), values });
        }
        Ok(NamedBytes { name: format!("{}.pth", self.name), bytes: pytorch::archive(&tensors)? })
    }

    /// The shape of its images.
    #[must_use]
    pub fn shape(&self) -> ImageShape {
        let [channels, height, width] = self.input;
        ImageShape { channels, height, width }
    }

    /// Its first images.
    ///
    /// # Errors
    /// When they are no probe set.
    pub fn images(&self, count: u64) -> anyhow::Result<ProbeSet> {
        Ok(ProbeSet::new("noise", self.shape(), Pixels::F32(pixels(self.shape(), count)), None, Vec::new())?)
    }

    /// The network that a user gets who says this of it, or why there is none.
    ///
    /// # Errors
    /// In the words in which the user is told.
    pub fn read(
        &self,
        file: &NamedBytes,
        choices: &BTreeMap<String, String>,
        probe: &ProbeSet,
    ) -> Result<Network, String> {
        let reading = Reading { choices: choices.clone(), ..Reading::default() };
        let checkpoint = checkpoint::read(file).map_err(|error| error.to_string())?;
        let mut network = checkpoint::load(checkpoint, &reading).map_err(|error| error.to_string())?;
        // Images of another shape would hide what it is taken for.
        if self.verdict == Verdict::Refused && network.readings.len() == 1 {
            return Ok(network);
        }
        settle(&mut network, probe).map_err(|error| error.to_string())?;
        Ok(network)
    }

    /// What has to be said of it, and the network that a user gets, or why there is none. Where several networks are as likely,
    /// a user says that nothing is strided, and that maps are padded.
    pub fn said(&self, file: &NamedBytes, probe: &ProbeSet) -> (BTreeMap<String, String>, Result<Network, String>) {
        let mut choices = self.reading.clone();
        let mut read = self.read(file, &choices, probe);
        for (key, value) in [("stride", "1"), ("padding", "1")] {
            if self.verdict == Verdict::Assumed
                && read.as_ref().is_err_and(|reason| reason.contains("choose one, under Assumptions"))
            {
                choices.entry(key.to_owned()).or_insert_with(|| value.to_owned());
                read = self.read(file, &choices, probe);
            }
        }
        (choices, read)
    }
}

/// The pixels of the first images of a shape.
#[must_use]
pub fn pixels(shape: ImageShape, count: u64) -> Vec<f32> {
    let image = |image| (0..shape.len() as u64).map(move |pixel| uniform(FIRST_IMAGE + image, pixel) as f32);
    (0..count).flat_map(image).collect()
}

/// Uniform from -1 to 1: SplitMix64 of the number of a tensor and of its element.
fn uniform(tensor: u64, element: u64) -> f64 {
    let mut z = ((tensor << 32) | element).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 40) as f64 / (1_u64 << 24) as f64 * 2.0 - 1.0
}

/// The weights of a tensor, as the generator has them.
fn weights(number: u64, name: &str, shape: &[usize]) -> Vec<f32> {
    let fan_in: usize = shape.iter().skip(1).product();
    let value: Box<dyn Fn(f64) -> f64> = match shape.len() {
        2.. => Box::new(move |u| u * (6.0 / fan_in as f64).sqrt()),
        1 if name.ends_with("running_var") || name.ends_with(".weight") => Box::new(|u| 1.0 + 0.5 * u),
        1 => Box::new(|u| 0.2 * u),
        _ => Box::new(|u| u),
    };
    (0..shape.iter().product::<usize>() as u64).map(|element| value(uniform(number, element)) as f32).collect()
}

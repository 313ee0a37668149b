//! The one place where tests of whole studies call the core.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use repgeo_core::activation::{self, ActivationError, Engine, Job, Matrix, RowPolicy};
use repgeo_core::checkpoint::Network;
use repgeo_core::data::{ProbeSet, Subset, read_probe_set};
use repgeo_core::file::NamedBytes;
use repgeo_core::study::{self, Budget, Input, LayerPlan, Opened, PairPlan, ProbeSpec, StudySpec};
use repgeo_core::supervise::Unsupervised;
use serde_json::Value;

use crate::places;

/// The bundled images.
const IMAGES: &str = "probes/fashion-mnist-test-2000-images-idx3-ubyte.gz";
/// Their labels.
const LABELS: &str = "probes/fashion-mnist-test-2000-labels-idx1-ubyte.gz";

/// One layer's values, n × p, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// Number of columns, p.
    pub features: usize,
    /// The values.
    pub values: Vec<f64>,
}

/// The ids of all measures, in the registry's order.
#[must_use]
pub fn all_measures() -> Vec<&'static str> {
    repgeo_core::similarity::cards().iter().map(|card| card.id).collect()
}

/// The report, as JSON, of files that are compared by these measures: networks on the first `images` bundled images,
/// normalised as their metadata says, or activations.
///
/// # Errors
/// When a file cannot be read or the study fails.
pub fn report(files: &[PathBuf], images: usize, measures: &[&str]) -> anyhow::Result<Value> {
    let inputs = files.iter().map(|file| input(file)).collect::<anyhow::Result<Vec<_>>>()?;
    let networks = inputs.iter().any(|input| matches!(input, Input::Network { .. }));
    let probe = if networks { Some(bundled_images()?) } else { None };
    let spec = StudySpec {
        inputs: Vec::new(),
        probe: probe.as_ref().map(|_| ProbeSpec { samples: images, subset: Subset::First }),
        questions: measures.iter().map(|&id| id.to_owned()).collect(),
        pairs: PairPlan::All,
        layers: LayerPlan::All,
        rows: RowPolicy::Flatten,
        null: None,
        bootstrap: None,
    };
    let engine = engine();
    let study = study::compare(&inputs, probe.as_ref(), &spec, Budget::ONCE, &engine, &Unsupervised);
    Ok(serde_json::from_str(&pollster::block_on(study)?.report()?.to_json()?)?)
}

/// All layers of a network on the first `images` bundled images.
///
/// # Errors
/// When the file cannot be read or the network does not run.
pub fn layers(file: &Path, images: usize) -> anyhow::Result<Vec<Layer>> {
    let network = network(file)?;
    let normalisation =
        network.normalisation().context("the checkpoint does not say how its images were normalised")?;
    let probe = bundled_images()?.select(images, Subset::First)?;
    let mut layers = Vec::new();
    let keep = async |layer: activation::Representation| -> Result<(), ActivationError> {
        layers.push(layer);
        Ok(())
    };
    let (engine, policy) = (engine(), RowPolicy::Flatten);
    let graph = activation::graph_for(&network, &probe)?;
    let job = Job {
        network: &network.file,
        graph: &graph,
        state: &network.state,
        probe: &probe,
        normalisation: &normalisation,
        policy,
        portion: (0.0, 1.0),
    };
    let run = activation::represent(&engine, &job, &Unsupervised, keep);
    pollster::block_on(run)?;
    layers
        .into_iter()
        .map(|layer| Ok(Layer { name: layer.layer, features: layer.features, values: values(layer.matrix)? }))
        .collect()
}

fn values(matrix: Matrix) -> anyhow::Result<Vec<f64>> {
    match matrix {
        Matrix::F32(values) => Ok(values.iter().map(|&value| f64::from(value)).collect()),
        Matrix::F64(values) => Ok(values),
        Matrix::Device(_) => anyhow::bail!("the host engine keeps values on the host"),
    }
}

fn engine() -> Engine {
    Engine::host(2)
}

fn read(path: &Path) -> anyhow::Result<NamedBytes> {
    let bytes = std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let name = path.file_name().context("a file's path")?.to_string_lossy().into_owned();
    Ok(NamedBytes { name, bytes })
}

fn network(file: &Path) -> anyhow::Result<Network> {
    match study::open(&read(file)?)? {
        Opened::Network(network) => Ok(*network),
        Opened::Activations(_) => anyhow::bail!("{}: expected a network, found activations", file.display()),
    }
}

fn input(path: &Path) -> anyhow::Result<Input> {
    let name = path.file_stem().context("a file's path")?.to_string_lossy().into_owned();
    Ok(match study::open(&read(path)?)? {
        Opened::Activations(file) => Input::Activations { name, file },
        Opened::Network(network) => {
            let normalisation =
                network.normalisation().context("the checkpoint does not say how its images were normalised")?;
            Input::Network { name, network: *network, normalisation }
        }
    })
}

fn bundled_images() -> anyhow::Result<ProbeSet> {
    let folder = places::root().join("static");
    Ok(read_probe_set(&[read(&folder.join(IMAGES))?, read(&folder.join(LABELS))?])?)
}

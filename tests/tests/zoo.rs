//! The zoo: networks as well-known repositories write them, by the names, shapes and order of their tensors, each against the
//! activations that PyTorch computes of them; see `fixtures/zoo/make.py`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use repgeo_core::Sha256Digest;
use repgeo_core::activation::{ActivationError, Engine, Job, Matrix, Representation, RowPolicy, represent, settle};
use repgeo_core::checkpoint::{self, Checkpoint, Container, Network, Precision, Reading};
use repgeo_core::data::{ImageShape, Normalisation, Pixels, ProbeSet};
use repgeo_core::model::{Modules, StateTensor};
use repgeo_core::supervise::Unsupervised;
use serde::Deserialize;

/// Images of the fixtures.
const IMAGES: u64 = 4;
/// The number of the tensor that stands for the first image.
const FIRST_IMAGE: u64 = 1_000_000;
/// The largest deviation from double precision, relative to the largest value of a tap.
const TOLERANCE: f64 = 1e-4;

/// A kind of network.
#[derive(Deserialize)]
struct Kind {
    name: String,
    about: String,
    verdict: Verdict,
    reading: BTreeMap<String, String>,
    input: [usize; 3],
    tensors: Vec<Tensor>,
    taps: Vec<Tap>,
}

/// What is right for it.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    /// Names and shapes determine it.
    Right,
    /// Other networks have the same tensors.
    Assumed,
    /// It is none that is known here.
    Refused,
}

/// Name, shape, and the type where it is not a floating-point one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tensor {
    Float(String, Vec<usize>),
    Other(String, Vec<usize>, String),
}

/// Some values of each image at a tap.
#[derive(Deserialize)]
struct Tap {
    name: String,
    size: usize,
    values: Vec<Vec<f64>>,
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

fn checkpoint(kind: &Kind) -> Checkpoint {
    let (mut state, mut order) = (BTreeMap::new(), Vec::new());
    let (mut precisions, mut ignored) = (BTreeMap::new(), BTreeMap::new());
    for (number, tensor) in kind.tensors.iter().enumerate() {
        match tensor {
            Tensor::Float(name, shape) => {
                let values = weights(number as u64, name, shape);
                state.insert(name.clone(), StateTensor { shape: shape.clone(), values });
                precisions.insert(name.clone(), Precision::F32);
                order.push(name.clone());
            }
            Tensor::Other(name, shape, element) => {
                ignored.insert(name.clone(), format!("{element} {shape:?}"));
                order.push(name.clone());
            }
        }
    }
    Checkpoint {
        file: format!("{}.pth", kind.name),
        sha256: Sha256Digest::of([kind.name.as_bytes()]),
        container: Container::PytorchZip,
        wrappers: Vec::new(),
        part: None,
        beside: BTreeMap::new(),
        modules: Modules::new(),
        state,
        order,
        precisions,
        unusable: BTreeMap::new(),
        ignored,
        metadata: BTreeMap::new(),
    }
}

fn images(kind: &Kind) -> ProbeSet {
    let [channels, height, width] = kind.input;
    let shape = ImageShape { channels, height, width };
    let image = |image| (0..shape.len() as u64).map(move |pixel| uniform(FIRST_IMAGE + image, pixel) as f32);
    ProbeSet::new("noise", shape, Pixels::F32((0..IMAGES).flat_map(image).collect()), None, Vec::new()).unwrap()
}

/// The network that a user gets, or why there is none.
fn read(kind: &Kind, choices: &BTreeMap<String, String>, probe: &ProbeSet) -> Result<Network, String> {
    let reading = Reading { choices: choices.clone(), ..Reading::default() };
    let mut network = checkpoint::load(checkpoint(kind), &reading).map_err(|error| error.to_string())?;
    // Images of another shape would hide what it is taken for.
    if kind.verdict == Verdict::Refused && network.readings.len() == 1 {
        return Ok(network);
    }
    settle(&mut network, probe).map_err(|error| error.to_string())?;
    Ok(network)
}

/// The largest deviation from PyTorch's values, relative to the largest of each tap.
fn deviation(kind: &Kind, network: &Network, probe: &ProbeSet) -> Result<f64, String> {
    let graph = network.architecture.graph(probe.shape).map_err(|error| error.to_string())?;
    let names: Vec<&str> = graph.taps.iter().map(|tap| tap.name.as_str()).collect();
    let expected: Vec<&str> = kind.taps.iter().map(|tap| tap.name.as_str()).collect();
    if names != expected {
        return Err(format!("other taps: {names:?} instead of {expected:?}"));
    }
    let normalisation = Normalisation::preset("none", probe.shape.channels).unwrap();
    let job = Job {
        network: &kind.name,
        graph: &graph,
        state: &network.state,
        probe,
        normalisation: &normalisation,
        policy: RowPolicy::Flatten,
        portion: (0.0, 1.0),
    };
    let mut worst = 0.0_f64;
    let mut taps = kind.taps.iter();
    let each = async |representation: Representation| -> Result<(), ActivationError> {
        let Matrix::F32(found) = &representation.matrix else { panic!("not in single precision") };
        let Tap { size, values, .. } = taps.next().unwrap();
        if representation.features != *size {
            worst = f64::INFINITY;
            return Ok(());
        }
        let expected = values.iter().flatten();
        let largest = expected.clone().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let place = |m: usize| (m * size / 8 + size / 16).min(size - 1);
        for (image, values) in values.iter().enumerate() {
            for (m, expected) in values.iter().enumerate() {
                let found = f64::from(found[image * size + place(m)]);
                worst = worst.max((found - expected).abs() / largest.max(1e-6));
            }
        }
        Ok(())
    };
    pollster::block_on(represent(&Engine::host(1), &job, &Unsupervised, each)).map_err(|error| error.to_string())?;
    Ok(worst)
}

/// What became of a kind.
struct Outcome {
    /// What a user has to say, as on the command line.
    said: String,
    /// What it was read as, or why not.
    read: String,
    /// The largest deviation from PyTorch's values.
    deviation: Option<f64>,
    holds: bool,
}

/// Reads a kind and compares it. Where several networks are as likely, a user says that nothing is strided, and that maps are
/// padded.
fn judge(kind: &Kind) -> Outcome {
    let probe = images(kind);
    let mut choices = kind.reading.clone();
    let mut read = read(kind, &choices, &probe);
    for (key, value) in [("stride", "1"), ("padding", "1")] {
        if kind.verdict == Verdict::Assumed
            && read.as_ref().is_err_and(|reason| reason.contains("choose one, under Assumptions"))
        {
            choices.entry(key.to_owned()).or_insert_with(|| value.to_owned());
            read = self::read(kind, &choices, &probe);
        }
    }
    let said: Vec<String> = choices.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let said = said.join(",");
    let outcome = |read: String, deviation, holds| Outcome { said: said.clone(), read, deviation, holds };
    match (kind.verdict, read) {
        (Verdict::Refused, Err(reason)) => outcome(reason, None, true),
        (_, Err(reason)) => outcome(reason, None, false),
        (Verdict::Refused, Ok(network)) => outcome(network.architecture.describe(), None, false),
        (_, Ok(network)) => {
            let what = network.architecture.describe();
            if let Some(changed) = said_again(kind, &choices, &network, &probe) {
                return outcome(format!("{what}: {changed}"), None, false);
            }
            match deviation(kind, &network, &probe) {
                Ok(deviation) => outcome(what, Some(deviation), deviation < TOLERANCE),
                Err(reason) => outcome(format!("{what}: {reason}"), None, false),
            }
        }
    }
}

/// What becomes another network when all that was assumed is said as it was taken; nothing when it stays the same.
fn said_again(kind: &Kind, choices: &BTreeMap<String, String>, network: &Network, probe: &ProbeSet) -> Option<String> {
    let mut choices = choices.clone();
    choices.extend(network.architecture.assumptions().into_iter().map(|one| (one.key, one.value)));
    let graph = |network: &Network| network.architecture.graph(probe.shape).map_err(|error| error.to_string());
    match read(kind, &choices, probe).and_then(|again| graph(&again)) {
        Ok(again) if Ok(&again) == graph(network).as_ref() => None,
        Ok(_) => Some(format!("another network with {choices:?}")),
        Err(reason) => Some(format!("refused with {choices:?}: {reason}")),
    }
}

/// What a kind comes out as, without what depends on the machine.
fn row(kind: &Kind, outcome: &Outcome) -> String {
    let verdict = match kind.verdict {
        Verdict::Right => "right",
        Verdict::Assumed => "assumed",
        Verdict::Refused => "refused",
    };
    let said = if outcome.said.is_empty() { String::new() } else { format!("`{}`", outcome.said) };
    // The first part of a sentence says what is wrong.
    let start = format!("{}.pth: ", kind.name);
    let read = outcome.read.strip_prefix(&start).unwrap_or(&outcome.read);
    let read = read.split([':', ',']).next().filter(|_| kind.verdict == Verdict::Refused).unwrap_or(read);
    format!("| {} | {} | {verdict} | {said} | {read} |", kind.name, kind.about)
}

const HEADER: &str = "\
# The zoo

Kinds of network as well-known repositories, libraries and users write them, by the names, shapes and order of the tensors that
PyTorch saves, and what RepGeo reads them as. `right`: names and shapes determine it. `assumed`: other networks have the same
tensors, so that what was taken is listed with the report and can be changed (`--architecture KEY=VALUE`, on the page under
Assumptions); the column says what has to be said, where the usual is not meant. `refused`: with the sentence that begins so.

`cargo xtask zoo` prints the table with the largest deviation of each kind: of a tap's values from those that PyTorch computes in
double precision, relative to the largest of the tap, over all taps. `tests/fixtures/zoo/make.py` makes the kinds.

| kind | named after | verdict | said | read as |
|---|---|---|---|---|
";

#[test]
fn every_kind_is_read_right_or_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(folder.join("tests/fixtures/zoo/zoo.json")).unwrap();
    let kinds: Vec<Kind> = serde_json::from_str(&text).unwrap();
    let (mut wrong, mut table, mut worst) = (String::new(), HEADER.to_owned(), 0.0_f64);
    for kind in &kinds {
        let outcome = judge(kind);
        let row = row(kind, &outcome);
        let deviation = outcome.deviation.map_or_else(|| "—".to_owned(), |deviation| format!("{deviation:.1e}"));
        println!("{row} {deviation} |");
        worst = worst.max(outcome.deviation.unwrap_or(0.0));
        table.push_str(&row);
        table.push('\n');
        if !outcome.holds {
            writeln!(wrong, "{}: {:?}: {} {:?}", kind.name, kind.verdict, outcome.read, outcome.deviation).unwrap();
        }
    }
    println!("MEASURED: {} kinds, the largest deviation is {worst:.1e}", kinds.len());
    assert!(wrong.is_empty(), "{wrong}");
    let docs = folder.join("docs/zoo.md");
    if std::env::var_os("REPGEO_UPDATE").is_some() {
        std::fs::write(&docs, &table).unwrap();
    }
    let committed = std::fs::read_to_string(&docs).unwrap_or_else(|_| "none".to_owned());
    assert!(
        committed == table,
        "docs/zoo.md is not what is read: run REPGEO_UPDATE=1 cargo test -p repgeo-tests --test zoo"
    );
}

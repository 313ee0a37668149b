//! The zoo: every kind of network is read right, as was said, or refused, with PyTorch's activations.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use repgeo_core::activation::{ActivationError, Engine, Job, Matrix, Representation, RowPolicy, represent};
use repgeo_core::checkpoint::Network;
use repgeo_core::data::{Normalisation, ProbeSet};
use repgeo_core::file::NamedBytes;
use repgeo_core::supervise::Unsupervised;
use repgeo_tests::places;
use repgeo_tests::zoo::{Kind, Tap, Verdict, kinds};

/// Images of the fixtures.
const IMAGES: u64 = 4;
/// The largest deviation from double precision, relative to the largest value of a tap.
const TOLERANCE: f64 = 1e-4;

/// The largest deviation from PyTorch's values, relative to the largest of each tap.
fn deviation(kind: &Kind, network: &Network, probe: &ProbeSet) -> Result<f64, String> {
    let graph = network.architecture.graph(probe.shape).map_err(|error| error.to_string())?;
    let names: Vec<&str> = graph.taps.iter().map(|tap| tap.name.as_str()).collect();
    // What every name of the file begins with is peeled off, and no part of the taps.
    let peeled = network.wrappers.concat();
    let own = |tap: &Tap| tap.name.strip_prefix(&peeled).unwrap_or(&tap.name).to_owned();
    let expected: Vec<String> = kind.taps.iter().map(own).collect();
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

/// Reads a kind and compares it.
fn judge(kind: &Kind) -> Outcome {
    let (file, probe) = (kind.file().unwrap(), kind.images(IMAGES).unwrap());
    let (choices, read) = kind.said(&file, &probe);
    let said: Vec<String> = choices.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let said = said.join(",");
    let outcome = |read: String, deviation, holds| Outcome { said: said.clone(), read, deviation, holds };
    match (kind.verdict, read) {
        (Verdict::Refused, Err(reason)) => outcome(reason, None, true),
        (_, Err(reason)) => outcome(reason, None, false),
        (Verdict::Refused, Ok(network)) => outcome(network.architecture.describe(), None, false),
        (_, Ok(network)) => {
            let what = network.architecture.describe();
            if let Some(changed) = said_again(kind, &file, &choices, &network, &probe) {
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
fn said_again(
    kind: &Kind,
    file: &NamedBytes,
    choices: &BTreeMap<String, String>,
    network: &Network,
    probe: &ProbeSet,
) -> Option<String> {
    let mut choices = choices.clone();
    choices.extend(network.architecture.assumptions().into_iter().map(|one| (one.key, one.value)));
    let graph = |network: &Network| network.architecture.graph(probe.shape).map_err(|error| error.to_string());
    match kind.read(file, &choices, probe).and_then(|again| graph(&again)) {
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
    let kinds = kinds().unwrap();
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
    let docs = places::root().join("docs/zoo.md");
    if std::env::var_os("REPGEO_UPDATE").is_some() {
        std::fs::write(&docs, &table).unwrap();
    }
    let committed = std::fs::read_to_string(&docs).unwrap_or_else(|_| "none".to_owned());
    assert!(
        committed == table,
        "docs/zoo.md is not what is read: run REPGEO_UPDATE=1 cargo test -p repgeo-tests --test zoo"
    );
}

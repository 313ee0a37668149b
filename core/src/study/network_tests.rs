//! The study on networks: from bytes of checkpoints to a report.

use super::tests::Record;
use super::*;
use crate::activation::reference::evaluate;
use crate::activation::{Engine, RowPolicy, graph_for};
use crate::checkpoint::{Metadata, Precision, save_safetensors};
use crate::data::{ImageShape, Normalisation, NormalisationChoice, Pixels, ProbeSet, Subset, read_probe_set};
use crate::file::NamedBytes;
use crate::layer::Reason;
use crate::model::{Architecture, Mlp, StateDict, StateTensor};
use crate::supervise::Stage;

/// Fixed values without pattern.
fn noise(seed: usize, index: usize) -> f64 {
    (12.9898 * (index + 1) as f64 + 78.233 * (seed + 1) as f64).sin() * 43_758.545_3 % 1.0
}

fn checkpoint(name: &str, hidden: &[usize], seed: usize) -> NamedBytes {
    let architecture = Architecture::from(Mlp::new(12, hidden, 3));
    let mut state = StateDict::new();
    for (position, parameter) in architecture.parameters().unwrap().into_iter().enumerate() {
        let length: usize = parameter.shape.iter().product();
        let values = (0..length).map(|index| noise(seed, 1000 * position + index) as f32).collect();
        state.insert(parameter.name, StateTensor { shape: parameter.shape, values });
    }
    let metadata = Metadata { seed: Some(seed as u64), ..Metadata::default() };
    let bytes = save_safetensors(&architecture, &state, Precision::F32, &metadata).unwrap();
    NamedBytes { name: format!("{name}.safetensors"), bytes }
}

pub(super) fn network(name: &str, hidden: &[usize], seed: usize) -> Input {
    let Opened::Network(network) = open(&checkpoint(name, hidden, seed)).unwrap() else { panic!("{name}") };
    let normalisation = Normalisation::preset("none", 3).unwrap();
    Input::Network { name: name.to_owned(), network: *network, normalisation }
}

pub(super) fn probe() -> ProbeSet {
    let shape = ImageShape { channels: 3, height: 2, width: 2 };
    let pixels = (0..40 * shape.len()).map(|index| (255.0 * noise(9, index).abs()) as u8).collect();
    let labels = (0..40).map(|index| index % 4).collect();
    ProbeSet::new("noise", shape, Pixels::U8(pixels), Some(labels), Vec::new()).unwrap()
}

fn settings() -> StudySpec {
    StudySpec {
        inputs: Vec::new(),
        probe: Some(ProbeSpec { samples: 32, subset: Subset::Stratified { seed: 5 } }),
        questions: vec!["cka-linear-debiased".to_owned()],
        pairs: PairPlan::All,
        layers: LayerPlan::All,
        rows: RowPolicy::Flatten,
        null: None,
        bootstrap: None,
    }
}

fn run(inputs: &[Input], probe: Option<&ProbeSet>, watcher: &Record) -> Result<Comparison, StudyError> {
    pollster::block_on(compare(inputs, probe, &settings(), Budget::ONCE, &Engine::host(1), watcher))?.report()
}

#[test]
fn a_network_is_alike_to_itself_and_less_to_another() {
    let watcher = Record::default();
    let inputs = [network("a", &[16, 8], 1), network("a", &[16, 8], 1), network("b", &[16], 2)];
    let report = run(&inputs, Some(&probe()), &watcher).unwrap();
    let [itself, other, _] = report.measures[0].pairs.as_slice() else { panic!("{:?}", report.measures) };
    for layer in 0..3 {
        let Cell::Value(value) = itself.cells[layer][layer] else { panic!("{:?}", itself.cells) };
        assert!((value - 1.0).abs() < 1e-12, "{value}");
    }
    assert_eq!((other.cells.len(), other.cells[0].len()), (3, 2));
    assert!(matches!(other.cells[0][0], Cell::Value(value) if value < 0.99));

    let fractions: Vec<f64> = watcher.progress.borrow().iter().map(|progress| progress.fraction).collect();
    assert!(fractions.is_sorted() && fractions.last() == Some(&1.0), "{fractions:?}");
    let ran: Vec<String> =
        watcher.progress.borrow().iter().filter(|at| at.stage == Stage::Forward).map(|at| at.network.clone()).collect();
    assert!(ran.contains(&"a (2)".to_owned()), "progress names networks as the report does: {ran:?}");
}

/// The values of the disagreement of each pair of inputs.
fn disagreements(report: &Comparison) -> Vec<Cell> {
    let outputs = report.measures.iter().find_map(|measure| measure.outputs.as_ref()).unwrap();
    outputs.iter().map(|output| output.value.clone()).collect()
}

#[test]
fn networks_disagree_on_the_samples_whose_largest_logits_differ() {
    let probe = probe().select(32, Subset::Stratified { seed: 5 }).unwrap();
    let inputs = [network("a", &[16, 8], 1), network("b", &[16], 2)];
    let predictions = |input: &Input| -> Vec<usize> {
        let Input::Network { network, normalisation, .. } = input else { panic!() };
        let graph = graph_for(network, &probe).unwrap();
        let largest = |row: &[f64]| (0..row.len()).max_by(|&x, &y| row[x].total_cmp(&row[y])).unwrap();
        let predicted = |image: &[f32]| {
            let image: Vec<f64> = image.iter().copied().map(f64::from).collect();
            largest(evaluate(&graph, &network.state, &image).last().unwrap())
        };
        probe.batch(0..32, normalisation).unwrap().chunks(probe.shape.len()).map(predicted).collect()
    };
    let (a, b) = (predictions(&inputs[0]), predictions(&inputs[1]));
    let expected = a.iter().zip(&b).filter(|(a, b)| a != b).count() as f64 / 32.0;
    assert!(expected > 0.0 && expected < 1.0, "{expected}");

    let spec = StudySpec { questions: vec!["disagreement".to_owned()], ..settings() };
    let compared = |spec: &StudySpec, budget| {
        pollster::block_on(compare(&inputs, Some(&probe), spec, budget, &Engine::host(1), &Record::default())).unwrap()
    };
    let report = compared(&spec, Budget::ONCE).report().unwrap();
    assert_eq!(disagreements(&report), [Cell::Value(expected)]);
    assert!(report.measures[0].pairs.is_empty());
    // Whichever layers are compared, and asked later.
    let first = StudySpec { layers: LayerPlan::Named(vec!["fc1".to_owned()]), ..settings() };
    let mut study = compared(&first, Budget { memory: None, kept: 1 << 20 });
    pollster::block_on(study.ask("disagreement", &Record::default())).unwrap();
    assert_eq!(disagreements(&study.report().unwrap()), [Cell::Value(expected)]);
    let mut study = compared(&first, Budget::ONCE);
    let message = pollster::block_on(study.ask("disagreement", &Record::default())).unwrap_err().to_string();
    assert_eq!(message, "disagreement needs the logits of a, which were not kept; run the comparison again with it");
    // Rows that are not the logits.
    let units = StudySpec { rows: RowPolicy::Units { count: 2, seed: 1 }, ..spec };
    let report = compared(&units, Budget::ONCE).report().unwrap();
    let absent = "a: the rows of its last layer hold 2 of 3 logits; flatten its rows".to_owned();
    let reason = Some(Reason::PartialLogits { found: 2, classes: 3 });
    assert_eq!(disagreements(&report), [Cell::Absent { absent, reason }]);
}

#[test]
fn an_activation_file_has_no_logits_that_are_known_as_such() {
    let inputs = [super::tests::first(), super::tests::second()];
    let spec = StudySpec { questions: vec!["disagreement".to_owned()], probe: None, ..settings() };
    let (engine, watcher) = (Engine::host(1), Record::default());
    let study = compare(&inputs, None, &spec, Budget::ONCE, &engine, &watcher);
    let report = pollster::block_on(study).unwrap().report().unwrap();
    let absent = format!("first: {}", Reason::NoLogits);
    assert_eq!(disagreements(&report), [Cell::Absent { absent, reason: Some(Reason::NoLogits) }]);
}

#[test]
fn the_report_says_what_was_compared() {
    let report = run(&[network("a", &[16, 8], 1), network("b", &[16], 2)], Some(&probe()), &Record::default()).unwrap();
    let input = &report.inputs[0];
    assert_eq!((input.file.as_str(), input.kind), ("a.safetensors", InputKind::Checkpoint));
    assert_eq!(input.sha256, crate::Sha256Digest::of([checkpoint("a", &[16, 8], 1).bytes.as_slice()]));
    assert_eq!(input.parameters, Some(12 * 16 + 16 + 16 * 8 + 8 + 8 * 3 + 3));
    assert_eq!(input.architecture.as_deref(), Some("MLP 12-16-8-3 (ReLU)"));
    assert_eq!(input.normalisation.as_ref().map(|normalisation| normalisation.name.as_str()), Some("none"));
    assert_eq!(input.metadata.get("repgeo.seed").map(String::as_str), Some("1"));
    let chosen = probe().select(32, Subset::Stratified { seed: 5 }).unwrap();
    assert_eq!((report.probe.samples, &report.probe.content), (32, &chosen.samples.content));
    assert_eq!((report.probe.name.as_str(), report.probe.subset), ("noise", Some(Subset::Stratified { seed: 5 })));
    assert_eq!(report.device.engine, "cpu");
}

#[test]
fn a_network_needs_images_that_fit() {
    let inputs = [network("a", &[16], 1), network("b", &[16], 2)];
    let refused = |probe: Option<&ProbeSet>| run(&inputs, probe, &Record::default()).unwrap_err();
    assert_eq!(refused(None), StudyError::NoProbe { input: "a".to_owned() });
    let small = ImageShape { channels: 3, height: 1, width: 2 };
    let small = ProbeSet::new("small", small, Pixels::U8(vec![7; 40 * 6]), Some(vec![0; 40]), Vec::new()).unwrap();
    let message = refused(Some(&small)).to_string();
    assert!(message.starts_with("a.safetensors: expects") && message.contains("small"), "{message}");
    assert!(message.contains("12") && message.contains("3×1×2"), "{message}");
}

#[test]
fn vectors_are_what_an_mlp_takes() {
    let values: Vec<f32> = (0..40 * 12).map(|index| 3.0 * noise(9, index) as f32).collect();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (40, 12), }\n";
    let length = (header.len() as u16).to_le_bytes();
    let mut bytes = [b"\x93NUMPY\x01\0".as_slice(), &length, header.as_bytes()].concat();
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    let vectors = read_probe_set(&[NamedBytes { name: "vectors.npy".to_owned(), bytes }]).unwrap();
    let shape = ImageShape { channels: 3, height: 2, width: 2 };
    let images = ProbeSet::new("images", shape, Pixels::F32(values), None, Vec::new()).unwrap();
    let spec = StudySpec { probe: Some(ProbeSpec { samples: 40, subset: Subset::First }), ..settings() };
    let cells = |probe: &ProbeSet| {
        let normalisation = NormalisationChoice::Preset("none".to_owned());
        let choice = if probe.holds_vectors() { NormalisationChoice::Automatic } else { normalisation };
        let inputs = [1, 2].map(|seed| {
            let Input::Network { name, network, .. } = network("a", &[16, 8], seed) else { panic!("a network") };
            Input::Network { name, network, normalisation: choice.resolve(None, probe).unwrap() }
        });
        let (engine, watcher) = (Engine::host(1), Record::default());
        let compared = compare(&inputs, Some(probe), &spec, Budget::ONCE, &engine, &watcher);
        pollster::block_on(compared).unwrap().report().unwrap().measures[0].pairs[0].cells.clone()
    };
    let found = cells(&vectors);
    assert!(matches!(found[0][0], Cell::Value(_)), "{found:?}");
    assert_eq!(found, cells(&images));
}

#[test]
fn how_the_probe_set_was_read_is_in_the_report() {
    let inputs = [network("a", &[16], 1), network("b", &[16], 2)];
    let probe = probe().with_notes(["the images were cropped".to_owned()]);
    let report = run(&inputs, Some(&probe), &Record::default()).unwrap();
    let remark = report.warnings.iter().find(|warning| warning.kind == RemarkKind::ProbeSet).unwrap();
    assert_eq!(remark.message, "the images were cropped");
}

#[test]
fn a_network_and_activations_of_other_samples_disagree() {
    let inputs = [network("a", &[16], 1), super::tests::first()];
    let error = run(&inputs, Some(&probe()), &Record::default()).unwrap_err();
    assert!(matches!(&error, StudyError::Samples { a, b, .. } if a == "a" && b == "first"), "{error}");
}

#[test]
fn cancelling_stops_a_network_that_runs() {
    let watcher = Record { cancel_after: Some(0), ..Record::default() };
    let inputs = [network("a", &[16], 1), network("b", &[16], 2)];
    assert_eq!(run(&inputs, Some(&probe()), &watcher), Err(StudyError::Cancelled(crate::supervise::Cancelled)));
}

#[test]
fn files_that_are_neither_are_refused_by_name() {
    for bytes in [Vec::new(), b"nothing known".to_vec(), b"PK\x05\x06".to_vec(), b"\x93NUMPY".to_vec()] {
        let error = open(&NamedBytes { name: "odd".to_owned(), bytes }).unwrap_err();
        assert!(error.to_string().starts_with("odd"), "{error}");
    }
}

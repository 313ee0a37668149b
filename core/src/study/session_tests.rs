//! The session: asked again, planned, and refused before work.

use std::cell;

use super::tests::{Record, first, input, layer, second, settings};
use super::*;
use crate::activation::Engine;
use crate::activation::RowPolicy;
use crate::data::{ImageShape, Pixels, ProbeSet, Subset};
use crate::inference::IntervalMethod;
use crate::layer::Reason;
use crate::supervise::{Cancelled, Progress, Stage, Supervisor, Unsupervised};

const KEEPING: Budget = Budget { memory: None, kept: 1 << 30 };

fn spec(inputs: &[Input], measures: &[&str]) -> StudySpec {
    let inputs = inputs.iter().map(|input| InputSpec::named(input.name())).collect();
    StudySpec { inputs, ..settings(measures) }
}

fn study(inputs: &[Input], spec: StudySpec, budget: Budget) -> Result<Study, StudyError> {
    let mut study = Study::new(spec, None, budget)?;
    for input in inputs {
        pollster::block_on(study.add(input, &Engine::host(1), &Unsupervised))?;
    }
    Ok(study)
}

#[test]
fn a_later_question_has_the_answer_that_it_has_at_first() {
    let ids: Vec<&str> = crate::similarity::cards().iter().map(|card| card.id).collect();
    let inputs = [first(), second(), first()];
    let whole = study(&inputs, spec(&inputs, &ids), Budget::ONCE).unwrap().report().unwrap();
    let mut asked = study(&inputs, spec(&inputs, &ids[..1]), KEEPING).unwrap();
    let watcher = Record::default();
    for id in &ids {
        pollster::block_on(asked.ask(id, &watcher)).unwrap();
    }
    let report = asked.report().unwrap();
    assert_eq!(report.measures, whole.measures);
    assert_eq!(report.spec.unwrap().questions, ids);
    // The first question was answered already.
    assert_eq!(watcher.cells.borrow().len(), (ids.len() - 1) * (6 + 4 + 6));
}

/// Cancels when pairs are compared and nothing was said between two pauses: within the work on a pair.
#[derive(Default)]
struct Impatient {
    compares: cell::Cell<bool>,
    pauses: cell::Cell<usize>,
}

impl Supervisor for Impatient {
    fn progress(&self, progress: Progress) {
        self.compares.set(progress.stage == Stage::Compare);
        self.pauses.set(0);
    }

    async fn pause(&self) -> Result<(), Cancelled> {
        self.pauses.set(self.pauses.get() + 1);
        if self.compares.get() && self.pauses.get() > 1 { Err(Cancelled) } else { Ok(()) }
    }
}

impl Watcher for Impatient {
    fn layers(&self, _input: usize, _layers: &[String]) {}

    fn cell(&self, _event: &CellEvent<'_>) {
        self.pauses.set(0);
    }
}

#[test]
fn a_question_is_cancelled_within_a_pair_and_can_be_asked_again() {
    // 560³ multiply-adds are more than a step.
    let noise = |seed: usize| {
        let value = move |i: usize, j: usize| (((i * 7_919 + seed) * (j + 31)) as f64 * 0.618).sin();
        input(&format!("noise {seed}"), vec![layer("a", 600, 560, value)])
    };
    let inputs = [noise(1), noise(2)];
    let kept = || study(&inputs, spec(&inputs, &["cka-linear"]), KEEPING).unwrap();
    let (mut cancelled, mut whole) = (kept(), kept());
    let result = pollster::block_on(cancelled.ask("procrustes-angular", &Impatient::default()));
    assert!(matches!(result, Err(StudyError::Cancelled(_))));
    for study in [&mut cancelled, &mut whole] {
        pollster::block_on(study.ask("procrustes-angular", &Unsupervised)).unwrap();
    }
    assert_eq!(cancelled.report().unwrap(), whole.report().unwrap());
}

#[test]
fn what_was_not_kept_is_said() {
    let inputs = [first(), second()];
    let mut study = study(&inputs, spec(&inputs, &["cka-linear"]), Budget::ONCE).unwrap();
    let error = pollster::block_on(study.ask("procrustes-angular", &Unsupervised)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "procrustes-angular needs the matrix of coordinates of a of first, which was not kept; run the comparison again with it"
    );
    assert!(matches!(pollster::block_on(study.ask("cka", &Unsupervised)), Err(StudyError::Measure(_))));
    assert_eq!(study.report().unwrap().measures.len(), 1);
    let keeps = |study: &Study, id: &str| study.keeps(&crate::similarity::find(id).unwrap());
    assert!(keeps(&study, "cka-linear") && !keeps(&study, "cka-linear-debiased"));
}

#[test]
fn a_budget_keeps_parts_before_rows() {
    let inputs = [first(), second()];
    // Five Gram matrices of 24 × 24 and what answers need, but no rows.
    let gram = 24 * 24 * 8;
    let budget = Budget { memory: None, kept: 5 * gram + 5 * gram };
    let mut study = study(&inputs, spec(&inputs, &["cka-linear"]), budget).unwrap();
    pollster::block_on(study.ask("cka-linear-debiased", &Unsupervised)).unwrap();
    assert!(matches!(
        pollster::block_on(study.ask("procrustes-angular", &Unsupervised)),
        Err(StudyError::NotKept { .. })
    ));
}

#[test]
fn pairs_are_those_of_the_plan() {
    let inputs = [first(), second(), first()];
    let all = study(&inputs, spec(&inputs, &["svcca-99"]), Budget::ONCE).unwrap().report().unwrap();
    let of = |pairs| {
        let spec = StudySpec { pairs, ..spec(&inputs, &["svcca-99"]) };
        study(&inputs, spec, Budget::ONCE).unwrap().report().unwrap().measures.remove(0).pairs
    };
    let expected = &all.measures[0].pairs;
    assert_eq!(of(PairPlan::Consecutive), [expected[0].clone(), expected[2].clone()]);
    // The other way round the map is transposed, since the measure is symmetric.
    let turned = &of(PairPlan::Explicit(vec![(1, 0)]))[0];
    for (row, cells) in expected[0].cells.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let (Cell::Value(x), Cell::Value(y)) = (cell, &turned.cells[column][row]) else { panic!("{cell:?}") };
            assert!((x - y).abs() < 1e-12);
        }
    }
    let within = of(PairPlan::Within);
    assert_eq!((within.len(), within[1].cells.len(), within[1].cells[0].len()), (3, 3, 3));
    for pair in &within {
        for (index, row) in pair.cells.iter().enumerate() {
            assert!(matches!(row[index], Cell::Value(value) if (value - 1.0).abs() < 1e-12), "{row:?}");
        }
    }
}

#[test]
fn layers_are_those_of_the_plan() {
    let inputs = [first(), second()];
    let named = |names: &[&str]| {
        let layers = LayerPlan::Named(names.iter().map(|&name| name.to_owned()).collect());
        let study = study(&inputs, StudySpec { layers, ..spec(&inputs, &["cka-linear"]) }, Budget::ONCE)?;
        study.report()
    };
    let report = named(&["b", "scaled"]).unwrap();
    let layers: Vec<Vec<&str>> =
        report.inputs.iter().map(|input| input.layers.iter().map(|layer| layer.name.as_str()).collect()).collect();
    assert_eq!(layers, [vec!["b"], vec!["b", "scaled"]]);
    assert_eq!(report.measures[0].pairs[0].cells[0].len(), 2);
    let message = named(&["scaly"]).unwrap_err().to_string();
    assert_eq!(message, "first: it has no layer \"scaly\"");
}

#[test]
fn a_measure_of_one_layer_has_a_value_per_layer() {
    let inputs = [first(), input("flat", vec![layer("dead", 24, 3, |_, _| 2.0)])];
    let report = study(&inputs, spec(&inputs, &["participation-ratio"]), Budget::ONCE).unwrap().report().unwrap();
    let measure = &report.measures[0];
    assert_eq!(measure.pairs, []);
    let layers = measure.layers.as_ref().unwrap();
    // NumPy: (Σ λ)² / Σ λ² of the eigenvalues of the covariance.
    let Cell::Value(value) = layers[0][0] else { panic!("{layers:?}") };
    assert!((1.0..=5.0).contains(&value), "{value}");
    assert_eq!(layers[1][0], Cell::without(Reason::Constant));
}

#[test]
fn a_measure_of_all_inputs_has_a_value_per_group_of_layers_that_correspond() {
    let third = || input("third", vec![layer("b", 24, 4, |i, j| ((i * 7 + j * 5) % 11) as f64)]);
    let value = |cell: &Cell| if let Cell::Value(value) = cell { *value } else { panic!("{cell:?}") };
    // Different numbers of layers: by name.
    let inputs = [first(), second(), third()];
    let asked = study(&inputs, spec(&inputs, &["cka-linear", "statis-compromise"]), Budget::ONCE).unwrap();
    let report = asked.report().unwrap();
    let measure = &report.measures[1];
    assert!(measure.pairs.is_empty() && measure.layers.is_none());
    let groups = measure.groups.as_ref().unwrap();
    let names: Vec<Vec<(&str, &str)>> = groups
        .iter()
        .map(|group| {
            let of = |&(input, layer): &(usize, usize)| {
                (report.inputs[input].name.as_str(), report.inputs[input].layers[layer].name.as_str())
            };
            group.members.iter().map(of).collect()
        })
        .collect();
    assert!(names.contains(&vec![("first", "b"), ("second", "b"), ("third", "b")]), "{names:?}");
    for group in groups {
        assert_eq!(group.each.len(), group.members.len());
        assert!((1.0 / group.members.len() as f64..=1.0 + 1e-12).contains(&value(&group.value)), "{group:?}");
    }
    // Asked later, it is the same; of two inputs it is half of one and their CKA; equally many layers go by their place.
    let inputs = [first(), first()];
    let mut later = study(&inputs, spec(&inputs, &["cka-linear"]), KEEPING).unwrap();
    pollster::block_on(later.ask("statis-compromise", &Unsupervised)).unwrap();
    let groups = later.report().unwrap().measures[1].groups.clone().unwrap();
    assert!(groups.iter().enumerate().all(|(place, group)| group.members == [(0, place), (1, place)]));
    assert!(groups.iter().all(|group| (value(&group.value) - 1.0).abs() < 1e-12), "{groups:?}");
    // A layer without a value takes its group's, and is named.
    let inputs = [input("a", vec![layer("dead", 24, 3, |_, _| 2.0)]), third()];
    let report = study(&inputs, spec(&inputs, &["statis-compromise"]), Budget::ONCE).unwrap().report().unwrap();
    let absent =
        Cell::Absent { absent: "dead of a: constant in every feature".to_owned(), reason: Some(Reason::Constant) };
    let expected = GroupRecord { members: vec![(0, 0), (1, 0)], value: absent, each: Vec::new() };
    assert_eq!(report.measures[0].groups, Some(vec![expected]));
}

#[test]
fn too_many_rows_are_refused_before_anything_runs() {
    let network = super::network_tests::network("a", &[16], 1);
    let inputs = [network, super::network_tests::network("b", &[16], 2)];
    let shape = ImageShape { channels: 3, height: 2, width: 2 };
    let count = 20_000;
    let probe = ProbeSet::new("many", shape, Pixels::U8(vec![7; count * shape.len()]), None, Vec::new()).unwrap();
    let spec = StudySpec {
        probe: Some(ProbeSpec { samples: count, subset: Subset::First }),
        ..spec(&inputs, &["cka-linear"])
    };
    let mut study = Study::new(spec.clone(), Some(&probe), Budget::ONCE).unwrap();
    let message = study.expect(&inputs[0]).unwrap_err().to_string();
    assert!(message.contains("20000 rows") && message.contains("choose at most 16384 samples"), "{message}");

    let probe = probe.select(1_000, Subset::First).unwrap();
    let spec = StudySpec { probe: Some(ProbeSpec { samples: 1_000, subset: Subset::First }), ..spec };
    let tight = Budget { memory: Some(1 << 20), kept: 0 };
    let mut study = Study::new(spec.clone(), Some(&probe), tight).unwrap();
    let Err(StudyError::Memory { needed, limit, fits }) = study.expect(&inputs[0]).map(|_| ()) else { panic!() };
    assert_eq!(limit, 1 << 20);
    assert!(needed > limit && (100..1_000).contains(&fits), "{needed} {fits}");
    // What is said to fit does, but for the second network.
    let spec = StudySpec { probe: Some(ProbeSpec { samples: fits, subset: Subset::First }), ..spec };
    assert!(Study::new(spec, Some(&probe), tight).unwrap().expect(&inputs[0]).is_ok());
}

#[test]
fn differently_normalised_networks_are_remarked_upon() {
    let mut inputs = [super::network_tests::network("a", &[16], 1), super::network_tests::network("b", &[16], 2)];
    if let Input::Network { normalisation, .. } = &mut inputs[1] {
        *normalisation = crate::data::Normalisation::preset("cifar", 3).unwrap();
    }
    let probe = super::network_tests::probe();
    let spec =
        StudySpec { probe: Some(ProbeSpec { samples: 16, subset: Subset::First }), ..spec(&inputs, &["cka-linear"]) };
    let mut study = Study::new(spec, Some(&probe), Budget::ONCE).unwrap();
    for input in &inputs {
        pollster::block_on(study.add(input, &Engine::host(1), &Unsupervised)).unwrap();
    }
    let report = study.report().unwrap();
    let warning = &report.warnings[0];
    assert_eq!((warning.kind, warning.input.as_ref()), (RemarkKind::DifferentNormalisation, None));
    assert!(warning.message.contains("a by none, b by cifar"), "{}", warning.message);
}

#[test]
fn a_study_without_all_its_inputs_has_no_report() {
    let inputs = [first(), second()];
    let study = study(&inputs[..1], spec(&inputs, &["cka-linear"]), Budget::ONCE).unwrap();
    assert_eq!(study.report().map(|_| ()), Err(StudyError::Incomplete { input: "second".to_owned() }));
}

#[test]
fn the_row_policy_holds_for_activation_files() {
    let inputs = [first(), second()];
    let spec = StudySpec { rows: crate::activation::RowPolicy::AveragePool, ..spec(&inputs, &["cka-linear"]) };
    let mut study = Study::new(spec, None, Budget::ONCE).unwrap();
    for input in &inputs {
        pollster::block_on(study.add(input, &Engine::host(2), &Unsupervised)).unwrap();
    }
    let report = study.report().unwrap();
    assert_eq!(report.probe.row_policy, crate::activation::RowPolicy::AveragePool);
    assert_eq!(report.device.description, Engine::host(2).description());
    let spec = StudySpec { rows: crate::activation::RowPolicy::PositionsAsSamples, ..report.spec.unwrap() };
    let message = Study::new(spec, None, Budget::ONCE).unwrap().expect(&inputs[0]).unwrap_err().to_string();
    assert!(message.ends_with("as the row policy of activations, found positions-as-samples"), "{message}");
}

#[test]
fn a_study_takes_the_inputs_that_it_describes() {
    let inputs = [first(), second()];
    let mut study = study(&inputs, spec(&inputs, &["cka-linear"]), Budget::ONCE).unwrap();
    let message = study.expect(&inputs[0]).unwrap_err().to_string();
    assert_eq!(message, "first: the study is described for 2 inputs, and all of them were added");
}

#[test]
fn chance_can_be_asked_for_later_and_is_the_same() {
    let inputs = [first(), second(), first()];
    let questions = ["cka-linear-debiased", "procrustes-angular"];
    let null = Some(NullSpec { permutations: 19, seed: 3, alpha: 0.05 });
    let whole = study(&inputs, StudySpec { null, ..spec(&inputs, &questions) }, KEEPING).unwrap().report().unwrap();
    let mut asked = study(&inputs, spec(&inputs, &questions[..1]), KEEPING).unwrap();
    let plain = asked.report().unwrap();
    pollster::block_on(asked.calibrate(null, &Unsupervised)).unwrap();
    // A question that comes after has it too.
    pollster::block_on(asked.ask(questions[1], &Unsupervised)).unwrap();
    let report = asked.report().unwrap();
    assert!(report.measures[1].pairs[2].null.is_some());
    assert_eq!((report.measures, report.spec), (whole.measures, whole.spec));
    // Another one takes its place, and none leaves nothing behind.
    let other = Some(NullSpec { permutations: 9, seed: 3, alpha: 0.05 });
    pollster::block_on(asked.calibrate(other, &Unsupervised)).unwrap();
    assert_eq!(asked.report().unwrap().measures[0].pairs[0].null.as_ref().unwrap().spec.permutations, 9);
    pollster::block_on(asked.calibrate(None, &Unsupervised)).unwrap();
    assert_eq!(asked.report().unwrap().measures[0], plain.measures[0]);
}

#[test]
fn intervals_can_be_asked_for_later_and_are_the_same() {
    let inputs = [first(), second(), first()];
    let questions = ["cka-linear-debiased", "rsa-correlation-spearman"];
    let asked_for = BootstrapSpec { resamples: 199, seed: 3, level: 0.95, interval: IntervalMethod::Bca };
    let bootstrap = Some(asked_for);
    // What is needed is kept whatever the budget.
    let with = StudySpec { bootstrap, ..spec(&inputs, &questions) };
    let whole = study(&inputs, with, Budget::ONCE).unwrap().report().unwrap();
    let mut asked = study(&inputs, spec(&inputs, &questions[..1]), KEEPING).unwrap();
    pollster::block_on(asked.resample(bootstrap, &Unsupervised)).unwrap();
    pollster::block_on(asked.ask(questions[1], &Unsupervised)).unwrap();
    let report = asked.report().unwrap();
    assert_eq!((&report.measures, &report.spec), (&whole.measures, &whole.spec));
    let mut known = 0;
    for measure in &report.measures {
        for pair in &measure.pairs {
            let cells = pair.cells.iter().flatten().zip(pair.bootstrap.as_ref().unwrap().cells.iter().flatten());
            for (cell, interval) in cells {
                if let (Cell::Value(value), IntervalRecord::Known { low, high, standard_error }) = (cell, interval) {
                    assert!(low <= high && *standard_error >= 0.0, "{interval:?}");
                    known += usize::from(low <= value && value <= high);
                }
            }
        }
    }
    assert!(known > 8, "{known}");
    let csv = report.to_csv();
    assert!(csv.starts_with("measure,a,layer_a,b,layer_b,value,reason,low,high,standard_error\r\n"), "{csv}");
    assert!(csv.lines().all(|line| line.matches(',').count() >= 9), "{csv}");
    assert_eq!(Comparison::from_json(&report.to_json().unwrap()), Ok(report));
    // None leaves nothing behind, and what was not kept cannot be resampled.
    pollster::block_on(asked.resample(None, &Unsupervised)).unwrap();
    assert!(asked.report().unwrap().measures[0].pairs[0].bootstrap.is_none());
    let mut forgetful = study(&inputs, spec(&inputs, &questions), Budget::ONCE).unwrap();
    let error = pollster::block_on(forgetful.resample(bootstrap, &Unsupervised)).unwrap_err();
    assert!(matches!(error, StudyError::NotKept { .. }), "{error}");
    let positions = StudySpec { bootstrap, rows: RowPolicy::PositionsAsSamples, ..spec(&inputs, &questions) };
    assert_eq!(Study::new(positions, None, KEEPING).err(), Some(StudyError::BootstrapOfPositions));
}

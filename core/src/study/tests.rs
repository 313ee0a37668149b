//! The study, on activations with known values and on small networks.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::Sha256Digest;
use crate::activation::{ActivationFile, Engine, Matrix, Representation, RowPolicy};
use crate::data::SampleIds;
use crate::layer::Reason;
use crate::supervise::{Cancelled, Progress, Supervisor};

/// Remembers everything, and cancels after a number of cells.
#[derive(Default)]
pub(super) struct Record {
    pub(super) layers: RefCell<Vec<(usize, Vec<String>)>>,
    pub(super) cells: RefCell<Vec<Told>>,
    pub(super) progress: RefCell<Vec<Progress>>,
    pub(super) cancel_after: Option<usize>,
}

/// Measure, pair, row, column and cell.
pub(super) type Told = (String, usize, usize, usize, Cell);

impl Supervisor for Record {
    fn progress(&self, progress: Progress) {
        self.progress.borrow_mut().push(progress);
    }

    async fn pause(&self) -> Result<(), Cancelled> {
        match self.cancel_after {
            Some(cells) if self.cells.borrow().len() >= cells => Err(Cancelled),
            _ => Ok(()),
        }
    }
}

impl Watcher for Record {
    fn layers(&self, input: usize, layers: &[String]) {
        assert!(self.cells.borrow().is_empty(), "layers are told before cells");
        self.layers.borrow_mut().push((input, layers.to_vec()));
    }

    fn cell(&self, event: &CellEvent<'_>) {
        let CellEvent { measure, pair, row, column, cell } = *event;
        self.cells.borrow_mut().push((measure.to_owned(), pair, row, column, cell.clone()));
    }
}

fn samples(ids: impl Iterator<Item = String>) -> Arc<SampleIds> {
    let ids: Vec<String> = ids.collect();
    let content = Sha256Digest::of(ids.iter().map(String::as_bytes));
    Arc::new(SampleIds { ids, content })
}

/// Activations of one layer: `value(sample, feature)`.
pub(super) fn layer(name: &str, rows: usize, features: usize, value: impl Fn(usize, usize) -> f64) -> Representation {
    let values = (0..rows).flat_map(|row| (0..features).map(move |column| (row, column)));
    Representation {
        layer: name.to_owned(),
        samples: samples((0..rows).map(|row| format!("s{row}"))),
        row_policy: RowPolicy::Flatten,
        rows,
        features,
        matrix: Matrix::F64(values.map(|(row, column)| value(row, column)).collect()),
    }
}

pub(super) fn input(name: &str, representations: Vec<Representation>) -> Input {
    let file = ActivationFile {
        file: format!("{name}.npz"),
        sha256: Sha256Digest::of([name.as_bytes()]),
        metadata: BTreeMap::new(),
        dimensions: representations.iter().map(|layer| vec![layer.features]).collect(),
        representations,
        left_aside: Vec::new(),
    };
    Input::Activations { name: name.to_owned(), file }
}

/// The fixture without random numbers: A is 24 × 5, B is 24 × 4.
fn a(i: usize, j: usize) -> f64 {
    (0.7 * ((i + 1) * (j + 1)) as f64).sin() + 0.1 * ((i * (j + 3)) % 7) as f64
}

fn b(i: usize, j: usize) -> f64 {
    (0.45 * ((i + 2) * (j + 1)) as f64).cos() + 0.3 * a(i, j)
}

pub(super) fn first() -> Input {
    input("first", vec![layer("a", 24, 5, a), layer("b", 24, 4, b)])
}

pub(super) fn second() -> Input {
    input(
        "second",
        vec![layer("a", 24, 5, a), layer("b", 24, 4, b), layer("scaled", 24, 5, |i, j| 3.0 * a(i, j) + 7.0)],
    )
}

pub(super) fn settings(measures: &[&str]) -> StudySpec {
    StudySpec {
        inputs: Vec::new(),
        probe: None,
        questions: measures.iter().map(|&id| id.to_owned()).collect(),
        pairs: PairPlan::All,
        layers: LayerPlan::All,
        rows: RowPolicy::Flatten,
        null: None,
        bootstrap: None,
    }
}

fn run(inputs: &[Input], settings: &StudySpec, watcher: &Record) -> Result<Comparison, StudyError> {
    pollster::block_on(compare(inputs, None, settings, Budget::ONCE, &Engine::host(1), watcher))?.report()
}

fn value(report: &Comparison, measure: usize, pair: usize, row: usize, column: usize) -> f64 {
    match report.measures[measure].pairs[pair].cells[row][column] {
        Cell::Value(value) => value,
        ref absent => panic!("{absent:?}"),
    }
}

#[test]
fn values_are_those_of_the_reference() {
    let report =
        run(&[first(), second()], &settings(&["cka-linear", "cka-linear-debiased"]), &Record::default()).unwrap();
    // NumPy in double precision, as reference/measures.md gives them for this fixture.
    for (measure, expected) in [(0, 0.213645271621), (1, 0.055329202919)] {
        assert!((value(&report, measure, 0, 0, 1) - expected).abs() < 1e-10);
        assert!((value(&report, measure, 0, 1, 0) - expected).abs() < 1e-10);
        assert!((value(&report, measure, 0, 0, 0) - 1.0).abs() < 1e-12);
        assert!((value(&report, measure, 0, 0, 2) - 1.0).abs() < 1e-12);
    }
    let layers: Vec<_> =
        report.inputs[1].layers.iter().map(|layer| (layer.name.as_str(), layer.rows, layer.features)).collect();
    assert_eq!(layers, [("a", 24, 5), ("b", 24, 4), ("scaled", 24, 5)]);
    assert_eq!((report.probe.samples, report.probe.name.as_str()), (24, "first.npz"));
}

#[test]
fn every_cell_is_told_once_and_as_reported() {
    let watcher = Record::default();
    let measures = ["cka-linear", "procrustes-angular"];
    let report = run(&[first(), second(), first()], &settings(&measures), &watcher).unwrap();
    let told = watcher.cells.into_inner();
    let mut places: Vec<_> =
        told.iter().map(|(measure, pair, row, column, _)| (measure, *pair, *row, *column)).collect();
    places.sort();
    places.dedup();
    // Three pairs of 2, 3 and 2 layers, by two measures.
    assert_eq!((told.len(), places.len()), (2 * (6 + 4 + 6), 2 * (6 + 4 + 6)));
    for (measure, pair, row, column, cell) in &told {
        let index = measures.iter().position(|id| id == measure).unwrap();
        assert_eq!(&report.measures[index].pairs[*pair].cells[*row][*column], cell);
    }
    let pairs: Vec<_> = report.measures[0].pairs.iter().map(|pair| (pair.a, pair.b)).collect();
    assert_eq!(pairs, [(0, 1), (0, 2), (1, 2)]);
    let names: Vec<_> = report.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, ["first", "second", "first (2)"]);
}

#[test]
fn the_map_fills_while_the_second_input_is_prepared() {
    let watcher = Record::default();
    run(&[first(), second()], &settings(&["cka-linear"]), &watcher).unwrap();
    let order: Vec<_> = watcher.cells.borrow().iter().map(|(_, _, row, column, _)| (*column, *row)).collect();
    assert_eq!(order, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
    let layers: Vec<_> = watcher.layers.borrow().iter().map(|(input, layers)| (*input, layers.len())).collect();
    assert_eq!(layers, [(0, 2), (1, 3)]);
}

#[test]
fn progress_never_goes_back_and_ends_at_one() {
    let watcher = Record::default();
    run(&[first(), second()], &settings(&["cka-linear"]), &watcher).unwrap();
    let fractions: Vec<f64> = watcher.progress.borrow().iter().map(|progress| progress.fraction).collect();
    assert!(fractions.is_sorted(), "{fractions:?}");
    assert_eq!((fractions.first().copied(), fractions.last().copied()), (Some(0.0), Some(1.0)));
}

#[test]
fn cancelling_stops_between_columns() {
    for cells in 0..5 {
        let watcher = Record { cancel_after: Some(cells), ..Record::default() };
        let result = run(&[first(), second()], &settings(&["cka-linear"]), &watcher);
        assert_eq!(result, Err(StudyError::Cancelled(Cancelled)));
        // The two cells of a column are one product.
        assert_eq!(watcher.cells.borrow().len(), cells.next_multiple_of(2));
    }
}

#[test]
fn a_constant_layer_is_absent_with_its_reason_and_the_rest_stands() {
    let flat = input("flat", vec![layer("a", 24, 5, a), layer("dead", 24, 3, |_, _| 2.0)]);
    let half = layer("half", 24, 2, |i, j| if j == 0 { 1.0 } else { i as f64 });
    let report =
        run(&[flat, input("half", vec![half])], &settings(&["cka-linear-debiased"]), &Record::default()).unwrap();
    let cells = &report.measures[0].pairs[0].cells;
    assert!(matches!(cells[0][0], Cell::Value(_)));
    assert_eq!(
        cells[1][0],
        Cell::Absent { absent: "dead of flat: constant in every feature".to_owned(), reason: Some(Reason::Constant) }
    );
    assert_eq!(report.inputs[0].layers[1].constant_features, 3);
    let warnings: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["features are constant over all samples in dead of flat (3 of 3), half of half (1 of 2)"]);
    assert_eq!(report.warnings[0].kind, RemarkKind::ConstantFeatures);
}

#[test]
fn layers_of_other_numbers_of_rows_have_no_value() {
    let mut tall = layer("tall", 48, 5, a);
    tall.samples = samples((0..24).map(|row| format!("s{row}")));
    let report = run(&[first(), input("second", vec![tall])], &settings(&["cka-linear"]), &Record::default()).unwrap();
    let expected = "a of first has 24 rows and tall of second has 48".to_owned();
    assert_eq!(
        report.measures[0].pairs[0].cells[0][0],
        Cell::Absent { absent: expected, reason: Some(Reason::DifferentRows) }
    );
}

#[test]
fn a_layer_that_is_not_finite_says_so_and_the_rest_stands() {
    let broken = layer("broken", 24, 2, |i, _| if i == 3 { f64::NAN } else { i as f64 });
    let second = input("second", vec![broken, layer("a", 24, 5, a)]);
    let report = run(&[first(), second], &settings(&["cka-linear"]), &Record::default()).unwrap();
    let cells = &report.measures[0].pairs[0].cells;
    let Cell::Absent { absent, .. } = &cells[0][0] else { panic!("{cells:?}") };
    assert!(absent.starts_with("broken of second: expected finite activations"), "{absent}");
    assert!((value(&report, 0, 0, 0, 1) - 1.0).abs() < 1e-12);
    let [warning] = report.warnings.as_slice() else { panic!("{:?}", report.warnings) };
    assert_eq!(warning.kind, RemarkKind::UnusableLayer);
    let start = "second, broken: nothing could be computed (expected finite activations";
    assert!(warning.to_string().starts_with(start), "{warning}");
}

#[test]
fn what_cannot_be_compared_is_refused_before_any_work() {
    let watcher = Record::default();
    let refused = |inputs: &[Input], measures: &[&str]| run(inputs, &settings(measures), &watcher).unwrap_err();
    assert_eq!(refused(&[first()], &["cka-linear"]), StudyError::TooFewInputs { found: 1 });
    assert_eq!(refused(&[first(), second()], &[]), StudyError::NoMeasure);
    assert!(matches!(refused(&[first(), second()], &["cka-liner"]), StudyError::Measure(_)));
    let empty = input("empty", Vec::new());
    assert_eq!(refused(&[first(), empty], &["cka-linear"]), StudyError::NoLayers { input: "empty".to_owned() });
    let few = |name| input(name, vec![layer("a", 3, 5, a)]);
    assert_eq!(refused(&[few("x"), few("y")], &["cka-linear"]), StudyError::TooFewSamples { minimum: 4, found: 3 });
    let mut other = layer("a", 24, 5, a);
    other.samples = samples((0..24).map(|row| format!("t{row}")));
    assert!(matches!(refused(&[first(), input("other", vec![other])], &["cka-linear"]), StudyError::Samples { .. }));
    assert!(watcher.cells.borrow().is_empty() && watcher.layers.borrow().is_empty());
}

#[test]
fn a_measure_named_twice_is_computed_once() {
    let report = run(&[first(), second()], &settings(&["cka-linear", "cka-linear"]), &Record::default()).unwrap();
    assert_eq!(report.measures.len(), 1);
}

#[test]
fn rows_in_the_order_of_a_file_are_remarked_upon() {
    let anonymous = |name: &str| {
        let mut layer = layer("a", 24, 5, a);
        layer.samples = samples((0..24).map(|row| row.to_string()));
        input(name, vec![layer])
    };
    let report = run(&[anonymous("x"), anonymous("y")], &settings(&["cka-linear"]), &Record::default()).unwrap();
    let [warning] = report.warnings.as_slice() else { panic!("{:?}", report.warnings) };
    assert!(warning.to_string().starts_with("x, y: the file does not name its samples"), "{warning}");
}

#[test]
fn chance_stands_beside_every_value() {
    let inputs = [first(), second()];
    let null = Some(NullSpec { permutations: 99, seed: 3, alpha: 0.05 });
    let spec = StudySpec { null, ..settings(&["cka-linear-debiased", "procrustes-angular"]) };
    let report = run(&inputs, &spec, &Record::default()).unwrap();
    for (measure, record) in report.measures.iter().enumerate() {
        let pair = &record.pairs[0];
        let null = pair.null.as_ref().unwrap();
        let mut known = Vec::new();
        for (i, row) in pair.cells.iter().enumerate() {
            for (j, cell) in row.iter().enumerate() {
                let [p, q, floor, score] = [&null.p, &null.q, &null.floor, &null.score].map(|cells| cells[i][j]);
                let Cell::Value(value) = cell else {
                    assert_eq!((p, q, floor, score), (None, None, None, None));
                    continue;
                };
                let (p, q, floor, score) = (p.unwrap(), q.unwrap(), floor.unwrap(), score.unwrap());
                assert!((0.01..=1.0).contains(&p) && q >= p && (0.0..=1.0 + 1e-12).contains(&score));
                let above = if measure == 0 { value - floor } else { floor - value };
                assert_eq!(score > 0.0, above > 1e-12, "{value} {floor} {score}");
                known.push((p, score));
            }
        }
        // A layer and its copy are no chance, and the search over the map is no easier than any of its cells.
        let best = null.best.unwrap();
        assert_eq!(best.p, 0.01);
        assert!((best.score - 1.0).abs() < 1e-6, "{best:?}");
        assert!(known.iter().any(|&(p, _)| p == 0.01));
        assert_eq!(null.best_of_rows.len(), pair.cells.len());
    }
    let positions = StudySpec { rows: RowPolicy::PositionsAsSamples, ..spec.clone() };
    let refused = run(&inputs, &positions, &Record::default()).unwrap_err();
    assert!(refused.to_string().contains("not independent"), "{refused}");
    // The same orders again, and none where none were asked for.
    assert_eq!(run(&inputs, &spec, &Record::default()).unwrap(), report);
    let plain = run(&inputs, &StudySpec { null: None, ..spec }, &Record::default()).unwrap();
    assert!(plain.measures.iter().all(|measure| measure.pairs[0].null.is_none()));
    assert!(report.to_csv().starts_with("measure,a,layer_a,b,layer_b,value,reason,floor,p,q,score\r\n"));
}

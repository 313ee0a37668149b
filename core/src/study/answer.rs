//! One question of a study, and what was found so far.

use std::ops::Range;

use super::interval;
use super::null::Calibrator;
use super::outputs::{self, Said};
use super::session::Expected;
use super::watch::Monotone;
use super::{
    BootstrapRecord, BootstrapSpec, Cell, CellEvent, GroupRecord, MeasureRecord, NullRecord, NullSpec, OutputRecord,
    PairRecord, StudyError, Watcher,
};
use crate::inference::{IntervalMethod, NullMaps, Permutations, ResampledMaps, Resamples};
use crate::layer::{Layer, Reason};
use crate::parallel;
use crate::similarity::{AnyPair, Arity, Block, Direction, Group, Many, Measure, Prepared, Question, Samples};
use crate::steps::{Steps, all_supervised, supervised};
use crate::supervise::{Cancelled, Stage, Supervisor};

/// A measure, what it prepared of every layer, and its maps.
pub(super) struct Asked {
    pub(super) measure: Measure,
    /// Per input, per layer.
    layers: Vec<Vec<Answered>>,
    /// Per pair of inputs: row by row, as far as it is filled.
    maps: Vec<Vec<Vec<Option<Cell>>>>,
    /// Per pair of inputs: what chance makes of its map, where that was asked for and both are there.
    nulls: Vec<Option<NullRecord>>,
    /// Per pair of inputs: how much its values vary with the samples, where that was asked for and both are there.
    bootstraps: Vec<Option<BootstrapRecord>>,
    /// Per group of layers that correspond, once all inputs are there.
    groups: Vec<GroupRecord>,
    /// Per pair of inputs: what their outputs gave, as far as both are there.
    outputs: Vec<Option<Cell>>,
}

/// What a question has of a layer.
struct Answered {
    /// `layer1.0 of A`.
    title: String,
    rows: usize,
    answer: Result<Answer, Reason>,
}

enum Answer {
    /// What a measure of two or more layers prepared.
    Prepared(Prepared),
    /// The value of a measure of one.
    One(f64),
    /// Nothing: a measure of outputs does not look at layers.
    Outputs,
}

/// A rectangle of cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

impl Asked {
    pub(super) fn new(measure: Measure, pairs: usize) -> Self {
        let (nulls, bootstraps, outputs) = (vec![None; pairs], vec![None; pairs], vec![None; pairs]);
        Self {
            measure,
            layers: Vec::new(),
            maps: vec![Vec::new(); pairs],
            nulls,
            bootstraps,
            groups: Vec::new(),
            outputs,
        }
    }

    /// Makes room for an input.
    pub(super) fn begin(&mut self, input: usize, pairs: &[(usize, usize)], expected: &[Expected]) {
        self.layers.truncate(input);
        self.layers.push(Vec::new());
        if !matches!(self.measure.question, Question::Pair(_)) {
            return;
        }
        for (map, &(a, b)) in self.maps.iter_mut().zip(pairs) {
            if a.max(b) == input {
                *map = vec![vec![None; expected[b].layers.len()]; expected[a].layers.len()];
            }
        }
    }

    /// Forgets an input.
    pub(super) fn forget(&mut self, input: usize, pairs: &[(usize, usize)]) {
        self.layers.truncate(input);
        self.groups.clear();
        for (pair, &(a, b)) in pairs.iter().enumerate() {
            if a.max(b) >= input {
                self.maps[pair].clear();
                self.nulls[pair] = None;
                self.bootstraps[pair] = None;
                self.outputs[pair] = None;
            }
        }
    }

    /// The work done once per layer.
    pub(super) async fn prepare(
        &mut self,
        (input, name): (usize, &str),
        layer: &Layer,
        samples: &Samples,
        supervisor: &impl Supervisor,
    ) -> Result<(), Cancelled> {
        let answer = match (self.measure.accept(layer), &self.measure.question) {
            (Err(reason), _) => Err(reason),
            (Ok(()), Question::Pair(pair)) => {
                supervised(pair.prepare(layer, samples), supervisor).await?.map(Answer::Prepared)
            }
            (Ok(()), Question::Many(many)) => {
                supervised(many.prepare(layer, samples), supervisor).await?.map(Answer::Prepared)
            }
            (Ok(()), Question::One(one)) => one.describe(layer, samples).and_then(finite).map(Answer::One),
            (Ok(()), Question::Outputs(_)) => Ok(Answer::Outputs),
        };
        let title = format!("{} of {name}", layer.name);
        self.layers[input].push(Answered { title, rows: layer.facts.samples, answer });
        Ok(())
    }

    /// Compares the layers of a rectangle of a pair of inputs, and tells the watcher each cell.
    pub(super) async fn fill<W: Watcher>(
        &mut self,
        pair: usize,
        (a, b): (usize, usize),
        place: &Place,
        watcher: &Monotone<'_, W>,
    ) -> Result<(), StudyError> {
        let Question::Pair(measure) = &self.measure.question else { return Ok(()) };
        let all: Vec<(usize, usize)> =
            place.rows.clone().flat_map(|row| place.columns.clone().map(move |column| (row, column))).collect();
        let at_once = if measure.maps_at_once() { all.len().max(1) } else { parallel::threads() };
        for cells in all.chunks(at_once) {
            watcher.pause().await?;
            let works = compare(&**measure, cells, &self.layers[a], &self.layers[b]);
            let values = all_supervised(works, watcher).await?;
            for (&(row, column), value) in cells.iter().zip(values) {
                let cell = match value {
                    Ok(value) => Cell::Value(value),
                    Err(absent) => absent,
                };
                watcher.cell(&CellEvent { measure: &self.measure.id, pair, row, column, cell: &cell });
                self.maps[pair][row][column] = Some(cell);
            }
        }
        Ok(())
    }

    /// Forgets what chance makes of the maps.
    pub(super) fn forget_nulls(&mut self) {
        self.nulls.fill(None);
    }

    /// Computes the null of each map that is complete and has none yet, within a span of the whole progress.
    pub(super) async fn calibrate<W: Watcher>(
        &mut self,
        pairs: &[(usize, usize)],
        spec: NullSpec,
        (start, length): (f64, f64),
        watcher: &Monotone<'_, W>,
    ) -> Result<(), StudyError> {
        let Question::Pair(measure) = &self.measure.question else { return Ok(()) };
        for (pair, ((null, map), &(a, b))) in self.nulls.iter_mut().zip(&self.maps).zip(pairs).enumerate() {
            let (Some(a), Some(b), true, None) = (self.layers.get(a), self.layers.get(b), is_complete(map), &null)
            else {
                continue;
            };
            let (samples, places) = of_one_length(a, b);
            let each = |done: f64| {
                let fraction = start + length * (pair as f64 + done) / pairs.len() as f64;
                watcher.at_least(fraction, Stage::Null, "", "");
            };
            let permutations = Permutations::random(spec.permutations, samples, spec.seed);
            let left: Vec<&Prepared> = places.0.iter().filter_map(|&layer| prepared(&a[layer])).collect();
            let right: Vec<&Prepared> = places.1.iter().filter_map(|&layer| prepared(&b[layer])).collect();
            let maps = NullMaps::of(&**measure, (&left, &right), &permutations, watcher, each).await?;
            *null = Some(Calibrator { card: self.measure.card, spec, places }.record(map, &maps));
        }
        Ok(())
    }

    /// Forgets how much the values vary with the samples.
    pub(super) fn forget_bootstraps(&mut self) {
        self.bootstraps.fill(None);
    }

    /// Computes how much the values of each map that is complete vary with the samples, where that is not known yet, from what is
    /// kept of the layers of all inputs, within a span of the whole progress.
    pub(super) async fn bootstrap<W: Watcher>(
        &mut self,
        pairs: &[(usize, usize)],
        spec: BootstrapSpec,
        (inputs, samples): (&[&[Layer]], &Samples),
        (start, length): (f64, f64),
        watcher: &Monotone<'_, W>,
    ) -> Result<(), StudyError> {
        let Question::Pair(measure) = &self.measure.question else { return Ok(()) };
        for (pair, ((record, map), &(a, b))) in self.bootstraps.iter_mut().zip(&self.maps).zip(pairs).enumerate() {
            let (Some(first), Some(second), true, None) =
                (self.layers.get(a), self.layers.get(b), is_complete(map), &record)
            else {
                continue;
            };
            let (rows, places) = of_one_length(first, second);
            let kept =
                |input: usize, places: &[usize]| places.iter().map(|&layer| &inputs[input][layer]).collect::<Vec<_>>();
            let (left, right) = (kept(a, &places.0), kept(b, &places.1));
            let each = |done: f64| {
                let fraction = start + length * (pair as f64 + done) / pairs.len() as f64;
                watcher.at_least(fraction, Stage::Bootstrap, "", "");
            };
            let resamples = Resamples::random(spec.resamples, rows, spec.seed);
            let with = (&resamples, spec.interval == IntervalMethod::Bca);
            let maps = ResampledMaps::of(&**measure, (&left, &right), samples, with, watcher, each).await?;
            *record = Some(interval::record(map, spec, &places, &maps));
        }
        Ok(())
    }

    /// Answers for each group of layers that correspond.
    pub(super) async fn conclude<W: Watcher>(
        &mut self,
        groups: &[Vec<(usize, usize)>],
        watcher: &Monotone<'_, W>,
    ) -> Result<(), StudyError> {
        let Question::Many(measure) = &self.measure.question else { return Ok(()) };
        self.groups.clear();
        for members in groups {
            watcher.pause().await?;
            let layers: Vec<&Answered> = members.iter().map(|&(input, layer)| &self.layers[input][layer]).collect();
            let (value, each) = match together(&**measure, &layers, watcher).await? {
                Ok(group) => (Cell::Value(group.value), group.each),
                Err(absent) => (absent, Vec::new()),
            };
            self.groups.push(GroupRecord { members: members.clone(), value, each });
        }
        Ok(())
    }

    /// Compares the outputs of each pair of inputs that is there and was not compared yet.
    pub(super) async fn compare_outputs<W: Watcher>(
        &mut self,
        pairs: &[(usize, usize)],
        said: &[Said<'_>],
        samples: &Samples,
        watcher: &Monotone<'_, W>,
    ) -> Result<(), StudyError> {
        let Question::Outputs(measure) = &self.measure.question else { return Ok(()) };
        for (output, &(a, b)) in self.outputs.iter_mut().zip(pairs) {
            let (Some(a), Some(b), None) = (said.get(a), said.get(b), &output) else { continue };
            watcher.pause().await?;
            *output = Some(outputs::compare(&self.measure, &**measure, (a, b), samples, watcher).await?);
        }
        Ok(())
    }

    /// Which values of a map follow from the numbers of samples and features alone; empty where none does.
    fn by_construction(&self, pair: usize, (a, b): (usize, usize)) -> Vec<Vec<bool>> {
        let Question::Pair(measure) = &self.measure.question else { return Vec::new() };
        let forced = |row: usize, column: usize| {
            let value = matches!(self.maps[pair][row][column], Some(Cell::Value(_)));
            let (a, b) = (self.layers.get(a)?.get(row)?, self.layers.get(b)?.get(column)?);
            Some(value && measure.by_construction(prepared(a)?, prepared(b)?))
        };
        let row = |(row, cells): (usize, &Vec<Option<Cell>>)| {
            (0..cells.len()).map(|column| forced(row, column).unwrap_or(false)).collect()
        };
        let all: Vec<Vec<bool>> = self.maps[pair].iter().enumerate().map(row).collect();
        if all.iter().flatten().any(|&forced| forced) { all } else { Vec::new() }
    }

    /// What the report says of it. Cells that were not computed are absent.
    pub(super) fn record(&self, pairs: &[(usize, usize)]) -> MeasureRecord {
        let card = self.measure.card;
        let pair = |(place, &(a, b)): (usize, &(usize, usize))| {
            let row = |row: &Vec<Option<Cell>>| {
                row.iter().map(|cell| cell.clone().unwrap_or_else(|| Cell::without(Reason::NotComputed))).collect()
            };
            let cells = self.maps[place].iter().map(row).collect();
            PairRecord {
                a,
                b,
                cells,
                by_construction: self.by_construction(place, (a, b)),
                null: self.nulls[place].clone(),
                bootstrap: self.bootstraps[place].clone(),
            }
        };
        let output = |(&(a, b), cell): (&(usize, usize), &Option<Cell>)| {
            let value = cell.clone().unwrap_or_else(|| Cell::without(Reason::NotComputed));
            OutputRecord { a, b, value }
        };
        let single = |layer: &Answered| match &layer.answer {
            Ok(Answer::One(value)) => Cell::Value(*value),
            Ok(Answer::Prepared(_) | Answer::Outputs) => Cell::without(Reason::NotComputed),
            Err(reason) => Cell::without(reason.clone()),
        };
        MeasureRecord {
            id: self.measure.id.clone(),
            name: self.measure.name.clone(),
            higher_is_more_alike: card.direction == Direction::HigherIsMoreAlike,
            range: card.into(),
            pairs: match card.arity {
                Arity::Pair => pairs.iter().enumerate().map(pair).collect(),
                Arity::One | Arity::Many | Arity::Outputs => Vec::new(),
            },
            layers: (card.arity == Arity::One)
                .then(|| self.layers.iter().map(|layers| layers.iter().map(single).collect()).collect()),
            groups: (card.arity == Arity::Many).then(|| self.groups.clone()),
            outputs: (card.arity == Arity::Outputs).then(|| pairs.iter().zip(&self.outputs).map(output).collect()),
        }
    }
}

pub(super) fn finite(value: f64) -> Result<f64, Reason> {
    if value.is_finite() { Ok(value) } else { Err(Reason::NotFinite { value: value.to_string() }) }
}

impl Answered {
    /// Why the layer has nothing to compare, in words with its title.
    fn blame(&self) -> Option<Cell> {
        let reason = self.answer.as_ref().err()?;
        Some(Cell::Absent { absent: format!("{}: {reason}", self.title), reason: Some(reason.clone()) })
    }

    /// Why two layers cannot be compared whatever the measure.
    fn unlike(&self, other: &Self) -> Option<Cell> {
        let absent = || format!("{} has {} rows and {} has {}", self.title, self.rows, other.title, other.rows);
        (self.rows != other.rows).then(|| Cell::Absent { absent: absent(), reason: Some(Reason::DifferentRows) })
    }
}

/// The value of a group, or why there is none.
///
/// # Errors
/// [`Cancelled`] when the supervisor says so.
async fn together(
    measure: &dyn Many,
    layers: &[&Answered],
    supervisor: &impl Supervisor,
) -> Result<Result<Group, Cell>, Cancelled> {
    let prepared = match alike(layers) {
        Ok(prepared) => prepared,
        Err(absent) => return Ok(Err(absent)),
    };
    let finite = |group: &Group| group.each.iter().chain([&group.value]).try_for_each(|&value| finite(value).map(drop));
    let group = supervised(measure.group(&prepared), supervisor).await?;
    Ok(group.and_then(|group| finite(&group).map(|()| group)).map_err(Cell::without))
}

/// What was prepared of layers of a group, or why they have no value together.
fn alike<'a>(layers: &[&'a Answered]) -> Result<Vec<&'a Prepared>, Cell> {
    if let Some(absent) = layers.windows(2).find_map(|pair| pair[0].unlike(pair[1])) {
        return Err(absent);
    }
    if let Some(absent) = layers.iter().find_map(|layer| layer.blame()) {
        return Err(absent);
    }
    let prepared: Option<Vec<&Prepared>> = layers.iter().copied().map(prepared).collect();
    prepared.ok_or_else(|| Cell::without(Reason::OtherMeasure))
}

/// The values of some cells, or why there is none, with the layer that is to blame.
fn compare<'a>(
    measure: &'a dyn AnyPair,
    cells: &[(usize, usize)],
    a: &'a [Answered],
    b: &'a [Answered],
) -> Vec<Steps<'a, Result<f64, Cell>>> {
    let product = measure.maps_at_once().then(|| Product::of(measure, cells, a, b));
    let value = |&(row, column): &(usize, usize)| -> Steps<'a, Result<f64, Cell>> {
        let (first, second) = (&a[row], &b[column]);
        let value = product.as_ref().map(|product| product.get(row, column));
        Box::pin(async move {
            if let Some(absent) = first.unlike(second).or_else(|| first.blame()).or_else(|| second.blame()) {
                return Err(absent);
            }
            let value = match (value, prepared(first), prepared(second)) {
                (Some(value), ..) => value,
                (None, Some(first), Some(second)) => measure.compare(first, second).await,
                _ => Err(Reason::OtherMeasure),
            };
            value.map_err(Cell::without)
        })
    };
    cells.iter().map(value).collect()
}

/// All cells of the layers that have something prepared, as one product.
struct Product {
    rows: Vec<usize>,
    columns: Vec<usize>,
    block: Block,
}

impl Product {
    fn of(measure: &dyn AnyPair, cells: &[(usize, usize)], a: &[Answered], b: &[Answered]) -> Self {
        let indices = |layers: &[Answered], which: fn(&(usize, usize)) -> usize| {
            let mut indices: Vec<usize> =
                cells.iter().map(which).filter(|&index| prepared(&layers[index]).is_some()).collect();
            indices.sort_unstable();
            indices.dedup();
            indices
        };
        let (rows, columns) = (indices(a, |cell| cell.0), indices(b, |cell| cell.1));
        let left: Vec<&Prepared> = rows.iter().filter_map(|&row| prepared(&a[row])).collect();
        let right: Vec<&Prepared> = columns.iter().filter_map(|&column| prepared(&b[column])).collect();
        Self { block: measure.map(&left, &right), rows, columns }
    }

    fn get(&self, row: usize, column: usize) -> Result<f64, Reason> {
        match (self.rows.binary_search(&row), self.columns.binary_search(&column)) {
            (Ok(row), Ok(column)) => self.block.get(row, column).clone(),
            _ => Err(Reason::OtherMeasure),
        }
    }
}

fn is_complete(map: &[Vec<Option<Cell>>]) -> bool {
    !map.is_empty() && map.iter().flatten().all(Option::is_some)
}

/// The layers of two inputs that have something prepared and as many rows as the first such of `b`, and how many those are:
/// layers of other rows have no values with these.
fn of_one_length(a: &[Answered], b: &[Answered]) -> (usize, (Vec<usize>, Vec<usize>)) {
    let rows = b.iter().find(|layer| prepared(layer).is_some()).map_or(0, |layer| layer.rows);
    let there = |layers: &[Answered]| -> Vec<usize> {
        let of = |&layer: &usize| layers[layer].rows == rows && prepared(&layers[layer]).is_some();
        (0..layers.len()).filter(of).collect()
    };
    (rows, (there(a), there(b)))
}

fn prepared(layer: &Answered) -> Option<&Prepared> {
    match &layer.answer {
        Ok(Answer::Prepared(prepared)) => Some(prepared),
        _ => None,
    }
}

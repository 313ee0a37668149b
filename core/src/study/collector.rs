//! From representations, one at a time, to the cells of every map that they complete.

use std::borrow::Cow;

use super::watch::Monotone;
use super::{Cell, CellEvent, LayerRecord, MeasureRecord, PairRecord, RangeRecord, StudyError, Warning, Watcher};
use crate::activation::Representation;
use crate::similarity::{AnyMeasure, Direction, Geometry, GeometryError, Ingredient, Prepared, Undefined};
use crate::supervise::{Stage, Supervisor as _};

/// What is kept of a layer: per measure what the measure prepared, or why it could not.
struct Layer {
    /// `layer1.0 of A`.
    title: String,
    rows: usize,
    prepared: Vec<Result<Prepared, Undefined>>,
}

impl Layer {
    fn prepared(&self, measure: usize) -> Result<&Prepared, Undefined> {
        match self.prepared.get(measure) {
            Some(Ok(prepared)) => Ok(prepared),
            Some(Err(Undefined(reason))) => Err(Undefined(format!("{}: {reason}", self.title))),
            None => Err(Undefined(format!("{}: not prepared for this measure", self.title))),
        }
    }
}

/// Takes representations in order, input after input and layer after layer, and compares each with all layers of earlier
/// inputs. Of a representation it keeps only what the measures prepared.
pub(super) struct Collector<'a, W> {
    names: &'a [String],
    measures: &'a [&'static dyn AnyMeasure],
    ingredients: Vec<Ingredient>,
    watcher: &'a Monotone<'a, W>,
    /// Per input, per layer.
    layers: Vec<Vec<Layer>>,
    records: Vec<Vec<LayerRecord>>,
    /// Per measure, per pair of inputs, per layer of the second, per layer of the first: the order of arrival.
    columns: Vec<Vec<Vec<Vec<Cell>>>>,
    warnings: Vec<Warning>,
}

/// What a study found.
pub(super) struct Findings {
    /// Per input.
    pub(super) layers: Vec<Vec<LayerRecord>>,
    pub(super) measures: Vec<MeasureRecord>,
    pub(super) warnings: Vec<Warning>,
}

impl<'a, W: Watcher> Collector<'a, W> {
    pub(super) fn new(
        names: &'a [String],
        measures: &'a [&'static dyn AnyMeasure],
        watcher: &'a Monotone<'a, W>,
        warnings: Vec<Warning>,
    ) -> Self {
        let mut ingredients: Vec<Ingredient> = measures.iter().flat_map(|measure| measure.needs()).copied().collect();
        ingredients.sort_unstable();
        ingredients.dedup();
        Self {
            names,
            measures,
            ingredients,
            watcher,
            layers: names.iter().map(|_| Vec::new()).collect(),
            records: names.iter().map(|_| Vec::new()).collect(),
            columns: measures.iter().map(|_| vec![Vec::new(); pairs(names.len()).count()]).collect(),
            warnings,
        }
    }

    /// Takes the next layer of an input.
    ///
    /// # Errors
    /// [`StudyError::Cancelled`]. A layer that has no geometry is no error: its cells say why.
    pub(super) async fn add(
        &mut self,
        input: usize,
        representation: Cow<'_, Representation>,
    ) -> Result<(), StudyError> {
        let name = representation.layer.clone();
        let layer = self.prepare(input, representation).await?;
        for (pair, (a, b)) in pairs(self.names.len()).enumerate() {
            if b == input {
                self.watcher.stage(Stage::Compare, self.input_name(input), &name);
                self.compare(pair, a, &layer).await?;
            }
        }
        if let Some(layers) = self.layers.get_mut(input) {
            layers.push(layer);
        }
        Ok(())
    }

    async fn prepare(&mut self, input: usize, representation: Cow<'_, Representation>) -> Result<Layer, StudyError> {
        let Representation { layer: name, rows, features, .. } = &*representation;
        let (name, rows, features) = (name.clone(), *rows, *features);
        self.watcher.stage(Stage::Prepare, self.input_name(input), &name);
        self.watcher.pause().await?;
        let geometry = match Geometry::of_supervised(&representation, &self.ingredients, self.watcher).await {
            Err(GeometryError::Cancelled(cancelled)) => return Err(cancelled.into()),
            geometry => geometry,
        };
        // The activations are the largest thing in memory: gone before the measures prepare.
        drop(representation);
        let mut prepared = Vec::with_capacity(self.measures.len());
        for measure in self.measures {
            self.watcher.pause().await?;
            prepared.push(match &geometry {
                Ok(geometry) => measure.prepare(geometry),
                Err(error) => Err(Undefined(without_layer(error, &name))),
            });
        }
        let constant_features = geometry.as_ref().map_or(0, |geometry| geometry.constant_features);
        match &geometry {
            Err(error) => self.warn(input, &name, without_layer(error, &name)),
            Ok(_) if constant_features > 0 => {
                self.warn(
                    input,
                    &name,
                    format!("{constant_features} of {features} features are constant over all samples"),
                );
            }
            Ok(_) => {}
        }
        if let Some(records) = self.records.get_mut(input) {
            records.push(LayerRecord { name: name.clone(), rows, features, constant_features });
        }
        Ok(Layer { title: format!("{name} of {}", self.input_name(input)), rows, prepared })
    }

    /// Compares a new layer with all layers of an earlier input.
    async fn compare(&mut self, pair: usize, a: usize, new: &Layer) -> Result<(), StudyError> {
        for (index, measure) in self.measures.iter().enumerate() {
            let mut cells = Vec::new();
            for (row, old) in self.layers.get(a).into_iter().flatten().enumerate() {
                self.watcher.pause().await?;
                let cell = match pair_value(*measure, index, old, new) {
                    Ok(value) => Cell::Value(value),
                    Err(Undefined(reason)) => Cell::Absent { absent: reason },
                };
                let column = self.columns.get(index).and_then(|pairs| pairs.get(pair)).map_or(0, Vec::len);
                self.watcher.cell(&CellEvent { measure: measure.card().id, pair, row, column, cell: &cell });
                cells.push(cell);
            }
            if let Some(columns) = self.columns.get_mut(index).and_then(|pairs| pairs.get_mut(pair)) {
                columns.push(cells);
            }
        }
        Ok(())
    }

    /// Everything that was found.
    pub(super) fn finish(self) -> Findings {
        let Self { names, measures, records, columns, warnings, .. } = self;
        let records_of = |measure: &&'static dyn AnyMeasure, columns: Vec<Vec<Vec<Cell>>>| {
            let card = measure.card();
            let finite = |end: f64| end.is_finite().then_some(end);
            MeasureRecord {
                id: card.id.to_owned(),
                name: card.name.to_owned(),
                higher_is_more_alike: card.direction == Direction::HigherIsMoreAlike,
                range: RangeRecord { low: finite(card.range.low), high: finite(card.range.high) },
                pairs: pairs(names.len())
                    .zip(columns)
                    .map(|((a, b), columns)| PairRecord {
                        a,
                        b,
                        cells: transposed(columns, records.get(a).map_or(0, Vec::len)),
                    })
                    .collect(),
            }
        };
        let measures = measures.iter().zip(columns).map(|(measure, columns)| records_of(measure, columns)).collect();
        Findings { layers: records, measures, warnings }
    }

    fn input_name(&self, input: usize) -> &'a str {
        self.names.get(input).map_or("", String::as_str)
    }

    fn warn(&mut self, input: usize, layer: &str, message: String) {
        let input = self.input_name(input).to_owned();
        self.warnings.push(Warning { input: Some(input), layer: Some(layer.to_owned()), message });
    }
}

/// The pairs of inputs, in order.
pub(super) fn pairs(inputs: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..inputs).flat_map(move |a| (a + 1..inputs).map(move |b| (a, b)))
}

fn pair_value(measure: &dyn AnyMeasure, index: usize, a: &Layer, b: &Layer) -> Result<f64, Undefined> {
    if a.rows != b.rows {
        return Err(Undefined(format!("{} has {} rows and {} has {}", a.title, a.rows, b.title, b.rows)));
    }
    measure.compare(a.prepared(index)?, b.prepared(index)?)
}

/// An error's message without the layer's name, which stands before it wherever it is shown.
fn without_layer(error: &GeometryError, layer: &str) -> String {
    let message = error.to_string();
    match message.strip_prefix(layer).and_then(|rest| rest.strip_prefix(": ")) {
        Some(rest) => rest.to_owned(),
        None => message,
    }
}

/// Columns of equal length as that many rows.
fn transposed(columns: Vec<Vec<Cell>>, rows: usize) -> Vec<Vec<Cell>> {
    let mut cells: Vec<Vec<Cell>> = (0..rows).map(|_| Vec::with_capacity(columns.len())).collect();
    for column in columns {
        for (row, cell) in cells.iter_mut().zip(column) {
            row.push(cell);
        }
    }
    cells
}

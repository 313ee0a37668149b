//! What chance makes of a map, as the report says it.

use super::spec::NullSpec;
use super::{Cell, NullRecord, SearchRecord};
use crate::inference::{Calibration, NullMaps, benjamini_hochberg, calibrate};
use crate::similarity::{Card, Direction};

/// A cell's value and its null values, so that higher is more alike.
type Oriented = Option<(f64, Vec<f64>)>;

/// The map of a pair with its null.
pub(super) struct Calibrator<'a> {
    pub(super) card: &'a Card,
    pub(super) spec: NullSpec,
    /// Rows and columns of the map that the null has, in order.
    pub(super) places: (Vec<usize>, Vec<usize>),
}

impl Calibrator<'_> {
    /// What is reported of the cells of a map.
    pub(super) fn record(&self, cells: &[Vec<Option<Cell>>], null: &NullMaps) -> NullRecord {
        let oriented: Vec<Vec<Oriented>> = (0..cells.len())
            .map(|row| {
                (0..cells[row].len()).map(|column| self.oriented(&cells[row][column], null, (row, column))).collect()
            })
            .collect();
        let each: Vec<Vec<Option<Calibration>>> = oriented
            .iter()
            .map(|row| {
                row.iter().map(|cell| cell.as_ref().map(|(value, null)| self.calibrated(*value, null))).collect()
            })
            .collect();
        let p: Vec<Vec<Option<f64>>> =
            each.iter().map(|row| row.iter().map(|cell| Some(cell.as_ref()?.p)).collect()).collect();
        let field = |field: &dyn Fn(&Calibration) -> f64| {
            each.iter().map(|row| row.iter().map(|cell| cell.as_ref().map(field)).collect()).collect()
        };
        let diagonal: Option<Vec<&(f64, Vec<f64>)>> = (cells.iter().all(|row| row.len() == cells.len()))
            .then(|| (0..cells.len()).map(|place| oriented[place][place].as_ref()).collect::<Option<_>>())
            .flatten();
        NullRecord {
            spec: self.spec,
            q: adjusted(&p),
            p,
            floor: field(&|cell| self.turned(cell.floor)),
            score: field(&|cell| cell.score),
            best: self.search(oriented.iter().flatten().flatten(), highest),
            best_of_rows: oriented.iter().map(|row| self.search(row.iter().flatten(), highest)).collect(),
            diagonal_mean: diagonal.and_then(|diagonal| self.search(diagonal.into_iter(), mean)),
        }
    }

    fn oriented(&self, cell: &Option<Cell>, null: &NullMaps, (row, column): (usize, usize)) -> Oriented {
        let Some(Cell::Value(value)) = cell else { return None };
        let (Ok(row), Ok(column)) = (self.places.0.binary_search(&row), self.places.1.binary_search(&column)) else {
            return None;
        };
        let null = null.cell(row, column).ok()?;
        Some((self.turned(*value), null.iter().map(|&value| self.turned(value)).collect()))
    }

    /// A value so that higher is more alike, or such a value as it was.
    fn turned(&self, value: f64) -> f64 {
        match self.card.direction {
            Direction::HigherIsMoreAlike => value,
            Direction::LowerIsMoreAlike => -value,
        }
    }

    fn calibrated(&self, value: f64, null: &[f64]) -> Calibration {
        let most = match self.card.direction {
            Direction::HigherIsMoreAlike => self.card.range.high,
            Direction::LowerIsMoreAlike => -self.card.range.low,
        };
        calibrate(value, null, self.spec.alpha, most)
    }

    /// What is searched for among cells, beside what the same search finds under each permutation.
    fn search<'b>(
        &self,
        cells: impl Iterator<Item = &'b (f64, Vec<f64>)>,
        aggregate: fn(&mut dyn Iterator<Item = f64>) -> Option<f64>,
    ) -> Option<SearchRecord> {
        let cells: Vec<&(f64, Vec<f64>)> = cells.collect();
        let value = aggregate(&mut cells.iter().map(|(value, _)| *value))?;
        let null: Option<Vec<f64>> = (0..self.spec.permutations)
            .map(|index| aggregate(&mut cells.iter().map(|(_, null)| null[index])))
            .collect();
        let Calibration { p, floor, score } = self.calibrated(value, &null?);
        Some(SearchRecord { value: self.turned(value), p, floor: self.turned(floor), score })
    }
}

/// The q-values over all p-values of a map.
fn adjusted(p: &[Vec<Option<f64>>]) -> Vec<Vec<Option<f64>>> {
    let known: Vec<f64> = p.iter().flatten().flatten().copied().collect();
    let mut q = benjamini_hochberg(&known).into_iter();
    p.iter().map(|row| row.iter().map(|cell| cell.and_then(|_| q.next())).collect()).collect()
}

fn highest(values: &mut dyn Iterator<Item = f64>) -> Option<f64> {
    values.reduce(f64::max)
}

fn mean(values: &mut dyn Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    (count > 0.0).then(|| sum / count)
}

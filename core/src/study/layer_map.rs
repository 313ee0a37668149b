//! One measure between the layers of two inputs, as it stands: complete in a report, partly empty while it is computed.

use super::{BootstrapRecord, Cell, Comparison, IntervalRecord, NullRecord, RangeRecord};
use crate::similarity::{Card, Direction};

/// One measure between the layers of two inputs; the first layers come first.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerMap {
    /// The measure's name.
    pub measure: String,
    /// Whether a larger value means more alike.
    pub higher_is_more_alike: bool,
    /// The interval of possible values.
    pub range: RangeRecord,
    /// Number of samples.
    pub samples: usize,
    /// Name of the input whose layers are the rows.
    pub a: String,
    /// Name of the input whose layers are the columns.
    pub b: String,
    /// Layers of `a`.
    pub rows: Vec<String>,
    /// Layers of `b`.
    pub columns: Vec<String>,
    /// `cells[i][j]` compares layer i of `a` with layer j of `b`; [`None`] is not computed yet.
    pub cells: Vec<Vec<Option<Cell>>>,
    /// Which values follow from the numbers of samples and features alone, row by row; empty where none does.
    pub by_construction: Vec<Vec<bool>>,
    /// What chance makes of the map, where that was asked for.
    pub null: Option<NullRecord>,
    /// How much the values vary with the samples, where that was asked for.
    pub bootstrap: Option<BootstrapRecord>,
}

/// What chance makes of one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// The probability of a value at least as alike under the null.
    pub p: f64,
    /// The false discovery rate at which the value is found, over the map.
    pub q: f64,
    /// The noise floor.
    pub floor: f64,
    /// The calibrated score.
    pub score: f64,
}

impl LayerMap {
    /// The complete map of one pair of a report; [`None`] when the report has no such measure or pair.
    #[must_use]
    pub fn of(comparison: &Comparison, measure: usize, pair: usize) -> Option<Self> {
        let measure = comparison.measures.get(measure)?;
        let pair = measure.pairs.get(pair)?;
        let a = comparison.inputs.get(pair.a)?;
        let b = comparison.inputs.get(pair.b)?;
        Some(Self {
            measure: measure.name.clone(),
            higher_is_more_alike: measure.higher_is_more_alike,
            range: measure.range,
            samples: comparison.probe.samples,
            a: a.name.clone(),
            b: b.name.clone(),
            rows: a.layers.iter().map(|layer| layer.name.clone()).collect(),
            columns: b.layers.iter().map(|layer| layer.name.clone()).collect(),
            cells: pair.cells.iter().map(|row| row.iter().cloned().map(Some).collect()).collect(),
            by_construction: pair.by_construction.clone(),
            null: pair.null.clone(),
            bootstrap: pair.bootstrap.clone(),
        })
    }

    /// The map of a measure between two inputs, each with its name and layers, with every cell not computed yet.
    #[must_use]
    pub fn empty(card: &Card, samples: usize, (a, rows): (&str, &[String]), (b, columns): (&str, &[String])) -> Self {
        Self {
            measure: card.name.to_owned(),
            higher_is_more_alike: card.direction == Direction::HigherIsMoreAlike,
            range: card.into(),
            samples,
            a: a.to_owned(),
            b: b.to_owned(),
            rows: rows.to_vec(),
            columns: columns.to_vec(),
            cells: vec![vec![None; columns.len()]; rows.len()],
            by_construction: Vec::new(),
            null: None,
            bootstrap: None,
        }
    }

    /// The same map with every cell not computed yet, for filling in as cells arrive.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let cells = vec![vec![None; self.columns.len()]; self.rows.len()];
        Self { cells, by_construction: Vec::new(), null: None, bootstrap: None, ..self.clone() }
    }

    /// The cell of two layers; [`None`] when it is not computed yet, or not in the map.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Option<&Cell> {
        self.cells.get(row)?.get(column)?.as_ref()
    }

    /// The value of two layers, where there is one.
    #[must_use]
    pub fn value(&self, row: usize, column: usize) -> Option<f64> {
        match self.cell(row, column)? {
            Cell::Value(value) => Some(*value),
            Cell::Absent { .. } => None,
        }
    }

    /// Every value with its row and column, row by row.
    pub fn values(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        let places = (0..self.rows.len()).flat_map(|row| (0..self.columns.len()).map(move |column| (row, column)));
        places.filter_map(|(row, column)| self.value(row, column).map(|value| (row, column, value)))
    }

    /// How many of the values follow from the numbers of samples and features alone.
    #[must_use]
    pub fn forced(&self) -> usize {
        self.by_construction.iter().flatten().filter(|&&forced| forced).count()
    }

    /// What chance makes of a value; [`None`] where that is not known.
    #[must_use]
    pub fn chance(&self, row: usize, column: usize) -> Option<Chance> {
        let null = self.null.as_ref()?;
        let of = |cells: &[Vec<Option<f64>>]| *cells.get(row)?.get(column)?;
        Some(Chance { p: of(&null.p)?, q: of(&null.q)?, floor: of(&null.floor)?, score: of(&null.score)? })
    }

    /// The interval of a value, or why there is none; [`None`] where it was not asked for.
    #[must_use]
    pub fn interval(&self, row: usize, column: usize) -> Option<&IntervalRecord> {
        self.bootstrap.as_ref()?.cells.get(row)?.get(column)
    }

    /// Whether a value is no more alike than its noise floor.
    #[must_use]
    pub fn is_chance(&self, row: usize, column: usize) -> bool {
        self.chance(row, column).is_some_and(|chance| chance.score == 0.0)
    }

    /// The map of the calibrated scores in place of the values; [`None`] where there is no null.
    #[must_use]
    pub fn of_scores(&self) -> Option<Self> {
        self.null.as_ref()?;
        let score = |row: usize, column: usize| match self.cell(row, column) {
            Some(Cell::Value(_)) => self.chance(row, column).map(|chance| Cell::Value(chance.score)),
            other => other.cloned(),
        };
        let cells = (0..self.rows.len())
            .map(|row| (0..self.columns.len()).map(|column| score(row, column)).collect())
            .collect();
        Some(Self {
            measure: format!("{}, calibrated score", self.measure),
            higher_is_more_alike: true,
            range: RangeRecord { low: Some(0.0), high: Some(1.0) },
            cells,
            null: self.null.clone().map(NullRecord::of_scores),
            bootstrap: None,
            ..self.clone()
        })
    }

    /// Whether `left` is more alike than `right`.
    #[must_use]
    pub fn more_alike(&self, left: f64, right: f64) -> bool {
        if self.higher_is_more_alike { left > right } else { left < right }
    }

    /// The layer of `b` that is most alike to a layer of `a`, with the value. Of equal ones, the layer nearest in
    /// relative depth.
    #[must_use]
    pub fn best_match(&self, row: usize) -> Option<(usize, f64)> {
        let mut columns: Vec<usize> = (0..self.columns.len()).collect();
        columns.sort_by(|&x, &y| self.depth_gap(row, x).total_cmp(&self.depth_gap(row, y)));
        let mut best = None;
        for column in columns {
            if let Some(value) = self.value(row, column)
                && best.is_none_or(|(_, least)| self.more_alike(value, least))
            {
                best = Some((column, value));
            }
        }
        best
    }

    /// Distance in relative depth, where 0 is the first layer of a network and 1 its last.
    fn depth_gap(&self, row: usize, column: usize) -> f64 {
        (relative_depth(row, self.rows.len()) - relative_depth(column, self.columns.len())).abs()
    }
}

/// Where a layer stands between the first (0) and the last (1) of its network.
pub(crate) fn relative_depth(layer: usize, layers: usize) -> f64 {
    if layers < 2 { 0.0 } else { layer as f64 / (layers - 1) as f64 }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A map between networks `A` and `B` with layers `layer0`, `layer1`, …; [`None`] becomes an absent cell.
    pub(crate) fn map(values: &[&[Option<f64>]], higher_is_more_alike: bool) -> LayerMap {
        let layers = |count: usize| (0..count).map(|index| format!("layer{index}")).collect::<Vec<_>>();
        let cell = |value: &Option<f64>| match value {
            Some(value) => Cell::Value(*value),
            None => Cell::Absent { absent: "constant in every feature".to_owned(), reason: None },
        };
        LayerMap {
            measure: "A measure".to_owned(),
            higher_is_more_alike,
            range: RangeRecord { low: Some(0.0), high: Some(1.0) },
            samples: 8,
            a: "A".to_owned(),
            b: "B".to_owned(),
            rows: layers(values.len()),
            columns: layers(values.first().map_or(0, |row| row.len())),
            cells: values.iter().map(|row| row.iter().map(|value| Some(cell(value))).collect()).collect(),
            by_construction: Vec::new(),
            null: None,
            bootstrap: None,
        }
    }

    #[test]
    fn best_match_follows_the_direction() {
        let values: [&[Option<f64>]; 1] = [&[Some(0.2), Some(0.9), Some(0.5)]];
        assert_eq!(map(&values, true).best_match(0), Some((1, 0.9)));
        assert_eq!(map(&values, false).best_match(0), Some((0, 0.2)));
    }

    #[test]
    fn equal_matches_prefer_the_same_depth() {
        let row: &[Option<f64>] = &[Some(0.5), Some(0.5), Some(0.5)];
        let map = map(&[row, row, row], true);
        let matches: Vec<_> = (0..3).map(|row| map.best_match(row).unwrap().0).collect();
        assert_eq!(matches, [0, 1, 2]);
    }

    #[test]
    fn absent_cells_match_nothing() {
        let map = map(&[&[None, Some(0.1)], &[None, None]], true);
        assert_eq!(map.best_match(0), Some((1, 0.1)));
        assert_eq!(map.best_match(1), None);
        assert_eq!(map.values().collect::<Vec<_>>(), [(0, 1, 0.1)]);
    }
}

//! The pointed, focused and pinned cells of the map.

use repgeo_core::study::{Cell, LayerMap};

use super::{Effect, State, Step};
use crate::format;

/// The cells that the user looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// The cell under the pointer.
    pub pointed: Option<(usize, usize)>,
    /// The cell that arrow keys move.
    pub cursor: Option<(usize, usize)>,
    /// Whether the map has the keyboard.
    pub focused: bool,
    /// The cell that stays shown.
    pub pinned: Option<(usize, usize)>,
}

impl Selection {
    /// The cell that is read out under the map: what is pointed at, else the cursor while the map has the keyboard.
    #[must_use]
    pub fn current(&self) -> Option<(usize, usize)> {
        self.pointed.or(self.cursor.filter(|_| self.focused)).or(self.pinned)
    }

    /// The cell that the panel shows: a pinned cell stays.
    #[must_use]
    pub fn shown(&self) -> Option<(usize, usize)> {
        self.pinned.or(self.pointed).or(self.cursor)
    }

    pub(super) fn toggle_pin(&mut self) {
        self.pinned = if self.pinned == self.cursor { None } else { self.cursor };
    }
}

impl State {
    pub(super) fn step(&mut self, step: Step) -> Vec<Effect> {
        let Some(map) = self.picture.as_ref().and_then(|picture| picture.map()) else { return Vec::new() };
        let (last_row, last_column) = (map.rows.len().saturating_sub(1), map.columns.len().saturating_sub(1));
        let Some((row, column)) = self.selection.cursor else { return self.enter_map() };
        let cell = match step {
            Step::Up => (row.saturating_sub(1), column),
            Step::Down => ((row + 1).min(last_row), column),
            Step::Left => (row, column.saturating_sub(1)),
            Step::Right => (row, (column + 1).min(last_column)),
            Step::RowStart => (row, 0),
            Step::RowEnd => (row, last_column),
            Step::First => (0, 0),
            Step::Last => (last_row, last_column),
        };
        self.focus(cell)
    }

    pub(super) fn enter_map(&mut self) -> Vec<Effect> {
        self.focus(self.selection.cursor.or(self.selection.pinned).unwrap_or((0, 0)))
    }

    fn focus(&mut self, cell: (usize, usize)) -> Vec<Effect> {
        let Some(picture) = &self.picture else { return Vec::new() };
        let Some(map) = picture.map() else { return Vec::new() };
        let Some(letters) = picture.letters() else { return Vec::new() };
        let announcement = reading(map, letters, cell);
        self.selection.cursor = Some(cell);
        self.selection.focused = true;
        vec![Effect::Announce(announcement)]
    }

    pub(super) fn press_cell(&mut self, row: usize, column: usize) -> Vec<Effect> {
        self.selection.cursor = Some((row, column));
        self.selection.toggle_pin();
        Vec::new()
    }
}

/// A cell in words: `layer2.1 of A, layer2.0 of B, 0.874`, and what chance makes of it where that is known.
#[must_use]
pub fn reading(map: &LayerMap, (first, second): (String, String), (row, column): (usize, usize)) -> String {
    let (Some(a), Some(b)) = (map.rows.get(row), map.columns.get(column)) else { return String::new() };
    let value = match map.cell(row, column) {
        Some(Cell::Value(value)) => match map.chance(row, column) {
            Some(chance) if chance.score == 0.0 => format!("{}, no more than chance", format::value(*value)),
            Some(chance) => format!("{}, calibrated score {}", format::value(*value), format::value(chance.score)),
            None => format::value(*value),
        },
        Some(Cell::Absent { absent, .. }) => format!("no value: {absent}"),
        None => "not computed yet".to_owned(),
    };
    format!("{a} of {first}, {b} of {second}, {value}")
}

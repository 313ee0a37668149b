//! Where the parts of a heatmap lie.

use super::mark::{Point, Rect};
use super::metrics::{BAR, BAR_END, CAPTION_LINE, GAP, LARGE, MARGIN, MEDIUM, SMALL};
use super::text::{labels, width};

/// The bar is at least this high, for its ticks.
const LEAST_BAR: f64 = 60.0;
/// The part of the figure that tick labels may take; longer ones are shortened.
const LABEL_SHARE: f64 = 0.24;
/// Cells are at most this many times as long in one direction as in the other, unless the plot were …
const MOST_ELONGATED: f64 = 1.5;
/// … more than this many times as long in one direction as in the other.
const MOST_UNEVEN: f64 = 3.0;

/// What has to find room in a heatmap.
pub(super) struct Content<'a> {
    /// Width and height that the figure may take, in CSS pixels.
    pub(super) size: (u32, u32),
    /// Names of the rows.
    pub(super) rows: &'a [String],
    /// Names of the columns.
    pub(super) columns: &'a [String],
    /// Labels of the colour bar's ticks.
    pub(super) bar_ticks: &'a [String],
    /// Whether there is a line above the plot.
    pub(super) titled: bool,
    /// Number of lines below the plot.
    pub(super) caption_lines: usize,
}

/// Where the parts of a heatmap lie, in CSS pixels from the top left.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The rectangle that the cells fill.
    pub plot: Rect,
    /// Number of rows of cells.
    pub rows: usize,
    /// Number of columns of cells.
    pub columns: usize,
    /// Width of what is drawn, margins included.
    pub width: f64,
    /// Height of what is drawn, margins included.
    pub height: f64,
    /// Whether the labels of the columns run upwards.
    pub(super) upright: bool,
    /// The labels of the rows, all of them.
    pub(super) row_labels: Vec<String>,
    /// The labels of the columns, all of them.
    pub(super) column_labels: Vec<String>,
    /// What the labels take beside the plot, and below it.
    pub(super) label_room: (f64, f64),
    /// The colour bar, its pointed ends included.
    pub(super) bar: Rect,
    /// Room for the bar's tick labels.
    pub(super) bar_ticks: f64,
    /// Upper edge of the caption.
    pub(super) caption: f64,
}

impl Layout {
    /// Row and column of the cell at a place; [`None`] outside of the plot.
    #[must_use]
    pub fn cell_at(&self, x: f64, y: f64) -> Option<(usize, usize)> {
        if !self.plot.contains(Point { x, y }) {
            return None;
        }
        let row = ((y - self.plot.y) / self.plot.height * self.rows as f64) as usize;
        let column = ((x - self.plot.x) / self.plot.width * self.columns as f64) as usize;
        (row < self.rows && column < self.columns).then_some((row, column))
    }

    /// The rectangle of a cell; [`None`] when there is no such cell.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Option<Rect> {
        (row < self.rows && column < self.columns).then(|| self.area(row, column))
    }

    /// The rectangle of a cell that is there.
    pub(super) fn area(&self, row: usize, column: usize) -> Rect {
        let (width, height) = self.pitch();
        Rect { x: self.plot.x + column as f64 * width, y: self.plot.y + row as f64 * height, width, height }
    }

    /// Width and height of a cell.
    pub(super) fn pitch(&self) -> (f64, f64) {
        (self.plot.width / self.columns.max(1) as f64, self.plot.height / self.rows.max(1) as f64)
    }

    /// The layout of `content` within its size.
    pub(super) fn of(content: &Content<'_>) -> Self {
        let (most_wide, most_high) = (f64::from(content.size.0), f64::from(content.size.1));
        let (rows, columns) = (content.rows.len(), content.columns.len());
        let row_labels = labels(content.rows, LABEL_SHARE * most_wide);
        let column_labels = labels(content.columns, LABEL_SHARE * most_high);
        let (row_label, column_label) = (widest(&row_labels), widest(&column_labels));
        let bar_ticks = widest(content.bar_ticks);

        let left = MARGIN + MEDIUM + GAP + row_label + GAP;
        let beside_bar = GAP + bar_ticks + GAP + SMALL;
        let right = (BAR + beside_bar).max(widest(&["more alike".to_owned()])) + 3.0 * GAP + MARGIN;
        let top = MARGIN + if content.titled { LARGE + 1.6 * GAP } else { 0.0 };
        let caption_lines = content.caption_lines as f64;
        let caption_height = if caption_lines > 0.0 { 2.0 * GAP + CAPTION_LINE * caption_lines } else { 0.0 };
        let below_labels = GAP + MEDIUM + caption_height + MARGIN;

        let cell = |label_height: f64| {
            let free_width = (most_wide - left - right).max(1.0);
            let free_height = (most_high - top - GAP - label_height - below_labels).max(1.0);
            cell_size(free_width, free_height, rows.max(1), columns.max(1))
        };
        let upright = cell(SMALL).0 < column_label + GAP;
        let label_height = if upright { column_label } else { SMALL };
        let (pitch_x, pitch_y) = cell(label_height);
        let plot =
            Rect { x: left.round(), y: top.round(), width: pitch_x * columns as f64, height: pitch_y * rows as f64 };
        let labels_end = plot.bottom() + GAP + label_height;
        let bar = Rect {
            x: plot.right() + 3.0 * GAP,
            y: plot.y + BAR_END,
            width: BAR,
            height: (plot.height - 2.0 * BAR_END).max(LEAST_BAR),
        };
        let title_end = labels_end.max(bar.bottom() + BAR_END) + GAP + MEDIUM;
        Self {
            plot,
            rows,
            columns,
            width: (plot.right() + right).ceil(),
            height: (title_end + caption_height + MARGIN).ceil(),
            upright,
            row_labels,
            column_labels,
            label_room: (row_label, label_height),
            bar,
            bar_ticks,
            caption: title_end + 2.0 * GAP,
        }
    }
}

/// Width and height of a cell: square where there are as many rows as columns, else not too elongated; whole pixels where
/// cells are large enough, so that all are equal.
fn cell_size(width: f64, height: f64, rows: usize, columns: usize) -> (f64, f64) {
    let (width, height) = (width / columns as f64, height / rows as f64);
    let uneven = rows.max(columns) as f64 / rows.min(columns) as f64;
    let most = if rows == columns { 1.0 } else { MOST_ELONGATED.max(uneven / MOST_UNEVEN) };
    let (width, height) = (width.min(most * height), height.min(most * width));
    let whole = |length: f64| if length >= 4.0 { length.floor() } else { length };
    (whole(width), whole(height))
}

fn widest(texts: &[String]) -> f64 {
    texts.iter().map(|text| width(text, SMALL)).fold(0.0, f64::max)
}

//! What the page says of the picture: its title, its sentence, one cell in full.

use repgeo_core::activation::RowPolicy;
use repgeo_core::study::{Cell, Comparison, InputRecord, LayerMap, same_depth, sentence_of};

use super::{Origin, Picture, State};
use crate::format;

/// One cell in full.
#[derive(Debug, Clone, PartialEq)]
pub struct CellDetail {
    /// Index of the layer of the first network.
    pub row: usize,
    /// Index of the layer of the second network.
    pub column: usize,
    /// Why this cell is shown: the panel's heading.
    pub why: &'static str,
    /// The value as the page writes it.
    pub value: String,
    /// Why there is no value.
    pub absent: Option<String>,
    /// Which direction is more alike.
    pub direction: &'static str,
    /// The layer of the first network.
    pub a: LayerDetail,
    /// The layer of the second network.
    pub b: LayerDetail,
    /// How many samples.
    pub samples: Option<String>,
    /// How a feature map became a row.
    pub row_policy: Option<String>,
    /// What the reader should know of these two layers.
    pub warnings: Vec<String>,
}

/// One of the two layers of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerDetail {
    /// The network's letter.
    pub letter: String,
    /// The network's name.
    pub network: String,
    /// `layer2.1 of A`.
    pub title: String,
    /// Rows and columns of the representation.
    pub shape: Option<String>,
}

impl State {
    /// The map's heading: the measure.
    #[must_use]
    pub fn map_title(&self) -> String {
        let map = self.picture.as_ref().and_then(Picture::map);
        map.map_or_else(|| "Layer map".to_owned(), |map| map.measure.clone())
    }

    /// What the map shows, in one sentence, once it is complete.
    #[must_use]
    pub fn sentence(&self) -> String {
        let complete = self.picture.as_ref().filter(|picture| picture.report.is_some());
        complete.and_then(Picture::map).map(sentence_of).unwrap_or_default()
    }

    /// Whether the shown result was computed with other settings than those that are set now.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        if self.run.is_some() {
            return false;
        }
        let settings = match self.picture.as_ref().map(|picture| &picture.origin) {
            Some(Origin::Computed { settings, .. }) => settings,
            Some(Origin::Stored { .. }) => return !self.demo_is_set_up(),
            Some(Origin::Partial) | None => return false,
        };
        let mut now = self.compare_settings();
        if settings.spec.questions.contains(&self.settings.measure) && !self.settings.all_measures {
            now.spec.questions.clone_from(&settings.spec.questions);
        }
        now != *settings
    }

    /// A file name for exports, without its ending: `repgeo-A-B-cka-linear`.
    #[must_use]
    pub fn export_name(&self) -> Option<String> {
        let picture = self.picture.as_ref()?;
        let map = picture.map()?;
        let name = format!("repgeo-{}-{}-{}", map.a, map.b, picture.measure_id()?);
        Some(name.chars().map(|one| if one.is_alphanumeric() || "-_.".contains(one) { one } else { '-' }).collect())
    }

    /// The heading of the figure of the diagonal.
    #[must_use]
    pub fn diagonal_title(&self) -> &'static str {
        match self.picture.as_ref().and_then(Picture::map) {
            Some(map) if map.rows.len() != map.columns.len() => "Best match by depth",
            _ => "Diagonal",
        }
    }

    /// What the report says of whole inputs, and of all.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let report = self.picture.as_ref().and_then(|picture| picture.report.as_ref());
        let warnings = report.into_iter().flat_map(|report| &report.warnings);
        warnings
            .filter(|warning| warning.layer.is_none())
            .map(|warning| match &warning.input {
                Some(input) => format!("{input}: {}", warning.message),
                None => warning.message.clone(),
            })
            .collect()
    }

    /// The pinned, pointed or focused cell; before there is one, the least alike pair of layers of the same depth.
    #[must_use]
    pub fn cell_detail(&self) -> Option<CellDetail> {
        let picture = self.picture.as_ref()?;
        let map = picture.map()?;
        let ((row, column), why) = match self.selection.shown() {
            Some(cell) if self.selection.pinned == Some(cell) => (cell, "Pinned cell"),
            Some(cell) => (cell, "Cell"),
            None => (least_alike_on_diagonal(map)?, "Least alike of the same depth"),
        };
        let (a, b) = picture.letters();
        let report = picture.report.as_ref();
        let first = report.and_then(|report| report.inputs.iter().find(|input| input.name == map.a));
        let second = report.and_then(|report| report.inputs.iter().find(|input| input.name == map.b));
        let cell = map.cell(row, column);
        Some(CellDetail {
            row,
            column,
            why,
            value: cell.map_or_else(|| "not computed yet".to_owned(), format::cell),
            absent: match cell {
                Some(Cell::Absent { absent }) => Some(absent.clone()),
                _ => None,
            },
            direction: if map.higher_is_more_alike { "Larger is more alike" } else { "Smaller is more alike" },
            a: layer(map.rows.get(row)?, a, &map.a, first, row),
            b: layer(map.columns.get(column)?, b, &map.b, second, column),
            samples: report.map(|report| format!("n = {}", format::count(report.probe.samples))),
            row_policy: report.map(|report| policy(report.probe.row_policy)),
            warnings: report.map(|report| warnings(report, map, row, column)).unwrap_or_default(),
        })
    }
}

fn layer(name: &str, letter: String, network: &str, input: Option<&InputRecord>, index: usize) -> LayerDetail {
    let shape = input
        .and_then(|input| input.layers.get(index))
        .map(|layer| format!("{} × {} values", format::count(layer.rows), format::count(layer.features)));
    LayerDetail { title: format!("{name} of {letter}"), letter, network: network.to_owned(), shape }
}

fn policy(policy: RowPolicy) -> String {
    match policy {
        RowPolicy::Flatten => "all values".to_owned(),
        RowPolicy::AveragePool => "mean of each channel".to_owned(),
        RowPolicy::PositionsAsSamples => "positions as samples".to_owned(),
        RowPolicy::Units { count, seed } => format!("{} units, seed {seed}", format::count(count)),
    }
}

/// The warnings that are about these two layers.
fn warnings(report: &Comparison, map: &LayerMap, row: usize, column: usize) -> Vec<String> {
    let layers = [(&map.a, map.rows.get(row)), (&map.b, map.columns.get(column))];
    let concerns = |input: &String, layer: &String| layers.contains(&(input, Some(layer)));
    let warnings = report.warnings.iter().filter_map(|warning| match (&warning.input, &warning.layer) {
        (Some(input), Some(layer)) if concerns(input, layer) => Some(format!("{input}, {layer}: {}", warning.message)),
        _ => None,
    });
    warnings.collect()
}

fn least_alike_on_diagonal(map: &LayerMap) -> Option<(usize, usize)> {
    let (rows, columns) = (map.rows.len(), map.columns.len());
    let mut least: Option<(usize, usize, f64)> = None;
    for row in 0..rows {
        let column = same_depth(row, rows, columns);
        let Some(value) = map.value(row, column) else { continue };
        if least.is_none_or(|(_, _, best)| map.more_alike(best, value)) {
            least = Some((row, column, value));
        }
    }
    least.map(|(row, column, _)| (row, column)).or((rows > 0 && columns > 0).then_some((0, 0)))
}

//! What the page says of the picture: its title, its sentence, one cell in full.

use repgeo_core::activation::RowPolicy;
use repgeo_core::checkpoint::ReadingEvidence;
use repgeo_core::study::{Cell, Chance, Comparison, InputRecord, LayerMap, Warning, sentence_of};

use super::{Origin, Picture, State};
use crate::format;
use crate::protocol::FileId;

/// How many remarks are shown at once.
const REMARKS_SHOWN: usize = 5;

/// The first minor version of reports whose remarks are gathered over layers.
const GATHERED_SINCE: u32 = 2;

/// What the report says of how it was computed, what matters most first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Remarks {
    /// What is shown at once.
    pub first: Vec<String>,
    /// What is shown on demand.
    pub rest: Vec<String>,
}

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
    /// The interval of the value, or why there is none, where it was asked for.
    pub interval: Option<String>,
    /// What chance makes of the value, where that is known.
    pub chance: Option<ChanceDetail>,
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

/// What chance makes of a value, as the page writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChanceDetail {
    /// The noise floor.
    pub floor: String,
    /// Whether the value is no more alike than that.
    pub within: bool,
    /// The calibrated score.
    pub score: String,
    /// The p-value.
    pub p: String,
    /// The false discovery rate over the map.
    pub q: String,
}

impl From<Chance> for ChanceDetail {
    fn from(Chance { p, q, floor, score }: Chance) -> Self {
        let [floor, score_text, p, q] = [floor, score, p, q].map(format::value);
        Self { floor, within: score == 0.0, score: score_text, p, q }
    }
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
        self.shown_map().map_or_else(|| "Layer map".to_owned(), |map| map.measure)
    }

    /// What the map shows, in one sentence, once it is complete.
    #[must_use]
    pub fn sentence(&self) -> String {
        let complete = self.picture.as_ref().filter(|picture| picture.report.is_some());
        complete.and_then(Picture::map).map_or_else(String::new, sentence_of)
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
        let words = name.split(|one: char| !one.is_alphanumeric() && !"_.".contains(one));
        Some(words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-"))
    }

    /// The heading of the figure of the diagonal.
    #[must_use]
    pub fn diagonal_title(&self) -> &'static str {
        match self.picture.as_ref().and_then(Picture::map) {
            Some(map) if map.rows.len() != map.columns.len() => "Best match by depth",
            _ => "Diagonal",
        }
    }

    /// What the report says of how it was computed. Where remarks were not yet gathered, there is one for every single layer;
    /// those are left to the layers' cells.
    #[must_use]
    pub fn remarks(&self) -> Remarks {
        let Some(report) = self.picture.as_ref().and_then(|picture| picture.report.as_ref()) else {
            return Remarks::default();
        };
        let gathered = report.schema_minor >= GATHERED_SINCE;
        let mut remarks = report.warnings.iter().filter(|warning| gathered || warning.layer.is_none());
        Remarks {
            first: remarks.by_ref().take(REMARKS_SHOWN).map(ToString::to_string).collect(),
            rest: remarks.map(ToString::to_string).collect(),
        }
    }

    /// What the images of the last comparison say of how a file was read.
    #[must_use]
    pub fn evidence(&self, file: FileId) -> Option<&ReadingEvidence> {
        let picture = self.picture.as_ref()?;
        let Origin::Computed { settings, .. } = &picture.origin else { return None };
        let place = settings.files.iter().position(|&id| id == file)?;
        picture.report.as_ref()?.inputs.get(place)?.evidence.as_ref()
    }

    /// The pinned, pointed or focused cell; before there is one, the least alike pair of layers of the same depth, or of
    /// each layer and its best match where the networks have different numbers of layers.
    #[must_use]
    pub fn cell_detail(&self) -> Option<CellDetail> {
        let picture = self.picture.as_ref()?;
        let map = picture.map()?;
        let ((row, column), why) = match self.selection.shown() {
            Some(cell) if self.selection.pinned == Some(cell) => (cell, "Pinned cell"),
            Some(cell) => (cell, "Cell"),
            None => least_alike(map, picture.report.is_some())?,
        };
        let (a, b) = picture.letters()?;
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
                Some(Cell::Absent { absent, .. }) => Some(absent.clone()),
                _ => None,
            },
            interval: map.interval(row, column).map(format::interval),
            chance: map.chance(row, column).map(ChanceDetail::from),
            direction: if map.higher_is_more_alike { "Larger is more alike" } else { "Smaller is more alike" },
            a: layer(map.rows.get(row)?, a, &map.a, first, row),
            b: layer(map.columns.get(column)?, b, &map.b, second, column),
            samples: report.map(|report| format!("n = {}", format::count(report.probe.samples))),
            row_policy: report.map(|report| policy(report.probe.row_policy)),
            warnings: report.map_or_else(Vec::new, |report| warnings(report, map, row, column)),
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
    let concerns = |input: &String, layer: Option<&String>| layer.is_some() && layers.contains(&(input, layer));
    let of = |warning: &Warning| {
        let single = warning.input.as_ref().is_some_and(|input| concerns(input, warning.layer.as_ref()));
        let places =
            warning.places.iter().filter(|place| concerns(&place.input, place.layer.as_ref())).map(ToString::to_string);
        single.then(|| warning.to_string()).into_iter().chain(places).collect::<Vec<_>>()
    };
    report.warnings.iter().flat_map(of).collect()
}

/// The cell that says most of a map that nobody has pointed at, and what it is. Layers of the same depth are said to be so
/// where the networks have the same number of layers; elsewhere each layer is taken with its best match.
fn least_alike(map: &LayerMap, complete: bool) -> Option<((usize, usize), &'static str)> {
    let (rows, columns) = (map.rows.len(), map.columns.len());
    let same_depth = rows == columns;
    let partner = |row| if same_depth { Some(row) } else { map.best_match(row).map(|(column, _)| column) };
    let pairs = (0..rows).filter_map(|row| partner(row).map(|column| (row, column)));
    let valued = pairs.filter_map(|cell| map.value(cell.0, cell.1).map(|value| (cell, value)));
    let least = valued.reduce(|least, next| if map.more_alike(least.1, next.1) { next } else { least });
    match least {
        Some((cell, _)) => Some((
            cell,
            match (same_depth, complete) {
                (true, true) => "Least alike of the same depth",
                (true, false) => "Least alike of the same depth so far",
                (false, true) => "Least alike best match",
                (false, false) => "Least alike best match so far",
            },
        )),
        None if rows > 0 && columns > 0 => Some(((0, 0), "Cell")),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: &[&[Option<f64>]]) -> LayerMap {
        let names = |letter: &str, count: usize| (0..count).map(|layer| format!("{letter}{layer}")).collect::<Vec<_>>();
        let (rows, columns) = (names("a", values.len()), names("b", values[0].len()));
        let mut map = LayerMap::empty(&crate::state::tests::CARD, 8, ("A", &rows), ("B", &columns));
        for (cells, values) in map.cells.iter_mut().zip(values) {
            for (cell, value) in cells.iter_mut().zip(*values) {
                *cell = value.map(Cell::Value);
            }
        }
        map
    }

    #[test]
    fn layers_are_of_the_same_depth_where_the_networks_have_as_many() {
        let square = map(&[&[Some(0.9), Some(0.1)], &[Some(0.2), Some(0.8)]]);
        assert_eq!(least_alike(&square, true), Some(((1, 1), "Least alike of the same depth")));
        assert_eq!(least_alike(&square, false), Some(((1, 1), "Least alike of the same depth so far")));
    }

    #[test]
    fn layers_of_networks_of_different_depths_are_taken_with_their_best_match() {
        // The best matches are 0.9 and 0.7; at the nearest relative depth lie 0.9 and 0.3.
        let wide = map(&[&[Some(0.9), Some(0.2), Some(0.1)], &[Some(0.1), Some(0.7), Some(0.3)]]);
        assert_eq!(least_alike(&wide, true), Some(((1, 1), "Least alike best match")));
    }

    #[test]
    fn a_map_without_values_shows_its_first_cell() {
        assert_eq!(least_alike(&map(&[&[None, None]]), false), Some(((0, 0), "Cell")));
    }
}

//! What is drawn: the maps of a report, or of a run that is under way.

use repgeo_core::study::{Comparison, LayerMap, PairPlan, ReportError};

use super::{Effect, Quantity, Settings, State, letter};
use crate::catalogue::Catalogue;
use crate::protocol::{CellReport, CompareSettings, NormalisationChoice, Preparation, Purpose};

/// The maps that can be shown, and which one is.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// For each measure its id and one map for each pair of inputs.
    maps: Vec<(String, Vec<LayerMap>)>,
    /// Number of inputs.
    pub inputs: usize,
    /// The shown measure, as an index.
    pub measure: usize,
    /// The shown pair, as an index.
    pub pair: usize,
    /// The report, when it is complete.
    pub report: Option<Comparison>,
    /// Where the values come from.
    pub origin: Origin,
}

/// Where a picture's values come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// They are bundled with the page.
    Stored {
        /// The report, as it is exported.
        json: String,
    },
    /// A run that is not complete.
    Partial,
    /// A complete run.
    Computed {
        /// What was asked for, with all questions that the report answers.
        settings: CompareSettings,
        /// Measures that can be asked without running a network again.
        kept: Vec<String>,
    },
}

/// The pairs of this many inputs, in the report's order.
fn pairs(inputs: usize) -> impl Iterator<Item = (usize, usize)> {
    PairPlan::All.pairs(inputs).into_iter().flatten()
}

impl Picture {
    pub(super) fn empty(maps: Vec<(String, Vec<LayerMap>)>, inputs: usize) -> Self {
        Self { maps, inputs, measure: 0, pair: 0, report: None, origin: Origin::Partial }
    }

    /// The maps of a report; [`None`] when it lacks an input of a pair.
    pub(super) fn of(report: Comparison, origin: Origin) -> Option<Self> {
        let mut maps = Vec::new();
        for (index, measure) in report.measures.iter().enumerate() {
            let pairs = (0..measure.pairs.len()).map(|pair| LayerMap::of(&report, index, pair));
            maps.push((measure.id.clone(), pairs.collect::<Option<Vec<_>>>()?));
        }
        Some(Self { maps, inputs: report.inputs.len(), measure: 0, pair: 0, report: Some(report), origin })
    }

    /// The map that is shown, its inputs under their names in the report.
    #[must_use]
    pub fn map(&self) -> Option<&LayerMap> {
        self.maps.get(self.measure)?.1.get(self.pair)
    }

    /// The letters of the shown inputs; [`None`] when there are not two.
    #[must_use]
    pub fn letters(&self) -> Option<(String, String)> {
        let (a, b) = pairs(self.inputs).nth(self.pair)?;
        Some((letter(a), letter(b)))
    }

    /// Every pair of inputs in words, such as `A × B`.
    #[must_use]
    pub fn pair_names(&self) -> Vec<String> {
        pairs(self.inputs).map(|(a, b)| format!("{} × {}", letter(a), letter(b))).collect()
    }

    /// The id of the shown measure.
    #[must_use]
    pub fn measure_id(&self) -> Option<&str> {
        self.maps.get(self.measure).map(|(id, _)| id.as_str())
    }

    /// The report as it is exported, when it is complete, or why it cannot be written.
    #[must_use]
    pub fn json(&self) -> Option<Result<String, ReportError>> {
        match &self.origin {
            Origin::Stored { json } => Some(Ok(json.clone())),
            Origin::Computed { .. } => self.report.as_ref().map(Comparison::to_json),
            Origin::Partial => None,
        }
    }

    /// The values as CSV, when they are complete.
    #[must_use]
    pub fn csv(&self) -> Option<String> {
        self.report.as_ref().map(Comparison::to_csv)
    }

    pub(super) fn show_measure(&mut self, id: &str) {
        if let Some(index) = self.maps.iter().position(|(other, _)| other == id) {
            self.measure = index;
        }
    }

    pub(super) fn show_pair(&mut self, pair: usize) {
        if pairs(self.inputs).nth(pair).is_some() {
            self.pair = pair;
        }
    }

    pub(super) fn fill(&mut self, cells: Vec<CellReport>) {
        for CellReport { measure, pair, row, column, cell } in cells {
            let maps = self.maps.iter_mut().find(|(id, _)| *id == measure).map(|(_, maps)| maps);
            let slot = maps
                .and_then(|maps| maps.get_mut(pair))
                .and_then(|map| map.cells.get_mut(row))
                .and_then(|row| row.get_mut(column));
            match slot {
                Some(slot) => *slot = Some(cell),
                // A further measure of a report has no map before it is complete.
                None => debug_assert!(self.report.is_some(), "a cell of {measure} for which there is no map"),
            }
        }
    }
}

impl State {
    /// The map as it is drawn and listed: of values, or of calibrated scores where they are asked for and known.
    #[must_use]
    pub fn shown_map(&self) -> Option<LayerMap> {
        let map = self.picture.as_ref()?.map()?;
        let scores = if self.quantity == Quantity::Score { map.of_scores() } else { None };
        Some(scores.unwrap_or_else(|| map.clone()))
    }

    /// Whether it is known what chance makes of the shown map.
    #[must_use]
    pub fn knows_chance(&self) -> bool {
        self.picture.as_ref().and_then(Picture::map).is_some_and(|map| map.null.is_some())
    }

    pub(super) fn choose_pair(&mut self, pair: usize) -> Vec<Effect> {
        if let Some(picture) = &mut self.picture {
            picture.show_pair(pair);
            self.selection = super::Selection::default();
        }
        Vec::new()
    }

    pub(super) fn take_catalogue(&mut self, catalogue: Catalogue) -> Vec<Effect> {
        let fetch = catalogue.demo.as_ref().map(|demo| Effect::FetchDemo(demo.report.clone()));
        self.catalogue = catalogue;
        fetch.into_iter().collect()
    }

    /// Shows the stored report and asks for its files, unless the user was faster.
    pub(super) fn take_demo(&mut self, json: &str) -> Vec<Effect> {
        let Some(demo) = self.catalogue.demo.clone() else { return Vec::new() };
        if !self.files.is_empty() || self.picture.is_some() {
            return Vec::new();
        }
        let origin = Origin::Stored { json: json.to_owned() };
        let mut picture = match Comparison::from_json(json).map(|report| Picture::of(report, origin)) {
            Ok(Some(picture)) => picture,
            Ok(None) => return self.refuse_demo("it lacks an input of a pair"),
            Err(error) => return self.refuse_demo(&error.to_string()),
        };
        // What the page's address asks for stays.
        let usual = Settings::default();
        if self.settings.samples == usual.samples {
            self.settings.samples = Some(demo.samples);
        }
        if self.settings.measure == usual.measure {
            self.settings.measure.clone_from(&demo.measure);
        }
        self.settings.subset = demo.subset;
        self.settings.row_policy = demo.row_policy;
        picture.show_measure(&demo.measure);
        self.picture = Some(picture);
        self.demo_pending = self.recompute_demo;
        self.demo_untouched = true;

        let mut effects = Vec::new();
        for file in &demo.networks {
            let source = self.bundled_source(file);
            effects.extend(self.open_each(vec![source], Purpose::Input));
        }
        if let Some(probe) = self.catalogue.probes.iter().find(|probe| probe.name == demo.probe).cloned() {
            effects.extend(self.open_bundled_probe(&probe));
        }
        effects
    }

    fn refuse_demo(&mut self, reason: &str) -> Vec<Effect> {
        self.notice = Some(format!("The bundled comparison cannot be shown: {reason}."));
        Vec::new()
    }

    /// Whether Compare would compute the bundled comparison.
    pub(super) fn demo_is_set_up(&self) -> bool {
        let Some(demo) = &self.catalogue.demo else { return false };
        let listed = self.files.iter().filter(|file| file.purpose != Purpose::Probe);
        let urls: Vec<&str> = listed.flat_map(|file| &file.sources).map(|source| source.url.as_str()).collect();
        let probe = self.catalogue.probes.iter().find(|probe| probe.name == demo.probe);
        let files = self.files.iter().filter(|file| file.purpose == Purpose::Probe).flat_map(|file| &file.sources);
        let settings = &self.settings;
        urls.iter().eq(demo.networks.iter())
            && probe.is_some_and(|probe| files.map(|source| &source.url).eq(&probe.files))
            && (settings.samples, settings.subset, settings.row_policy)
                == (Some(demo.samples), demo.subset, demo.row_policy)
            && self.picture.as_ref().and_then(Picture::measure_id) == Some(&settings.measure)
            && settings.normalisation == NormalisationChoice::Automatic
            && settings.preparation == Preparation::default()
            && settings.null().is_none()
            && settings.bootstrap().is_none()
    }

    /// Computes the bundled comparison anew, or a run that WebGPU lost, as soon as the engine and the files are there.
    pub(super) fn go_on(&mut self, now: f64) -> Vec<Effect> {
        if self.resume && self.obstacle().is_none() {
            self.resume = false;
            return self.start_run(false, now);
        }
        let expected = self.catalogue.demo.as_ref().map(|demo| demo.networks.len());
        let there = expected == Some(self.inputs().count()) && self.probe().is_some();
        if !self.demo_pending || !there {
            return Vec::new();
        }
        // Nobody pressed Compare: what the page's address made to be said still stands.
        let notice = self.notice.take();
        let effects = self.start_run(true, now);
        self.notice = notice;
        effects
    }
}

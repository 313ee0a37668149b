//! What Compare will do, and what still stands in its way.

use repgeo_core::activation::RowPolicy;
use repgeo_core::data::Subset;
use repgeo_core::inference::IntervalMethod;
use repgeo_core::model::Choices;
use repgeo_core::study::{BootstrapSpec, InputSpec, LayerPlan, NullSpec, PairPlan, ProbeSpec, StudySpec};

use super::{Change, Effect, EngineStatus, Origin, Picture, State};
use crate::format;
use crate::protocol::{CompareSettings, EngineChoice, NormalisationChoice, Preparation};

/// The fewest images that can be asked for.
const LEAST_SAMPLES: usize = 4;
/// The level of the noise floor, and what intervals leave out.
const LEVEL: f64 = 0.05;
/// How many random orders can be asked for: with fewer no p-value is as low as the level.
pub(super) const ORDERS: std::ops::RangeInclusive<usize> = 19..=100_000;
/// How many bootstrap samples can be asked for: with fewer the ends of intervals often lie beyond them.
pub(super) const RESAMPLES: std::ops::RangeInclusive<usize> = 199..=100_000;

/// What the user chose.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How many images; [`None`] when what was typed is no number.
    pub samples: Option<usize>,
    /// Which images.
    pub subset: Subset,
    /// What is done to images as they are read.
    pub preparation: Preparation,
    /// How pixels are normalised.
    pub normalisation: NormalisationChoice,
    /// What is said of networks of the user's own as they are opened, where their tensors leave it open.
    pub choices: Choices,
    /// Id of the measure.
    pub measure: String,
    /// Whether the other measures are computed too.
    pub all_measures: bool,
    /// Whether what chance makes of the map is computed too.
    pub noise_floor: bool,
    /// From how many random orders of the samples; [`None`] when what was typed is no number.
    pub orders: Option<usize>,
    /// Whether intervals are computed too.
    pub intervals: bool,
    /// From how many bootstrap samples; [`None`] when what was typed is no number.
    pub resamples: Option<usize>,
    /// How a feature map becomes a row.
    pub row_policy: RowPolicy,
    /// The device.
    pub engine: EngineChoice,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            samples: Some(512),
            subset: Subset::First,
            preparation: Preparation::default(),
            normalisation: NormalisationChoice::Automatic,
            choices: Choices::new(),
            measure: "cka-linear-debiased".to_owned(),
            all_measures: false,
            noise_floor: false,
            orders: Some(200),
            intervals: false,
            resamples: Some(500),
            row_policy: RowPolicy::Flatten,
            engine: EngineChoice::Automatic,
        }
    }
}

impl Settings {
    /// What is computed of chance.
    pub(super) fn null(&self) -> Option<NullSpec> {
        let permutations = self.orders.filter(|_| self.noise_floor)?;
        Some(NullSpec { permutations, seed: 0, alpha: LEVEL })
    }

    /// What is computed of other samples.
    pub(super) fn bootstrap(&self) -> Option<BootstrapSpec> {
        let resamples = self.resamples.filter(|_| self.intervals)?;
        Some(BootstrapSpec { resamples, seed: 0, level: 1.0 - LEVEL, interval: IntervalMethod::Bca })
    }
}

impl State {
    pub(super) fn change(&mut self, change: Change, now: f64) -> Vec<Effect> {
        let settings = &mut self.settings;
        let prepared = settings.preparation;
        match change {
            Change::Samples(samples) => settings.samples = samples,
            Change::Subset(subset) => settings.subset = subset,
            Change::Preparation(preparation) => settings.preparation = preparation,
            Change::Normalisation(normalisation) => settings.normalisation = normalisation,
            Change::Measure(measure) => settings.measure = measure,
            Change::AllMeasures(all) => settings.all_measures = all,
            Change::NoiseFloor(wanted) => settings.noise_floor = wanted,
            Change::Orders(orders) => settings.orders = orders,
            Change::Intervals(wanted) => settings.intervals = wanted,
            Change::Resamples(resamples) => settings.resamples = resamples,
            Change::RowPolicy(policy) => settings.row_policy = policy,
            Change::Engine(engine) => settings.engine = engine,
        }
        if let Some(picture) = &mut self.picture {
            picture.show_measure(&self.settings.measure);
        }
        self.demo_pending = false;
        let mut effects = self.choose_device();
        if self.settings.preparation != prepared {
            effects.extend(self.prepare_again());
        }
        effects.extend(self.ask_kept(now));
        effects
    }

    /// Why Compare cannot be pressed now and what to do about it, in one sentence; [`None`] when it can.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        match &self.engine {
            EngineStatus::Loading => return Some("The engine is still loading.".to_owned()),
            EngineStatus::Starting => return Some("The engine is being chosen.".to_owned()),
            EngineStatus::Gone { reason } => return Some(format!("There is no engine: {reason}")),
            EngineStatus::Ready(_) => {}
        }
        if self.is_reading() {
            return Some("Files are still being read.".to_owned());
        }
        match self.inputs().count() {
            0 => return Some("Add two networks or activation files.".to_owned()),
            1 => return Some("Add a second network or activation file.".to_owned()),
            _ => {}
        }
        if let Some(obstacle) = self.obstacle_to_inference() {
            return Some(obstacle);
        }
        if !self.needs_probe() {
            return None;
        }
        let Some(probe) = self.probe() else { return Some("Choose a probe set.".to_owned()) };
        if self.settings.samples.is_none_or(|samples| !(LEAST_SAMPLES..=probe.count).contains(&samples)) {
            let (least, most) = (LEAST_SAMPLES, format::count(probe.count));
            return Some(format!("Ask for {least} to {most} images: {} has {most}.", probe.name));
        }
        if matches!(self.settings.subset, Subset::Stratified { .. }) && !probe.labelled {
            return Some(format!("Choose the first images: {} has no labels to balance.", probe.name));
        }
        None
    }

    /// Why there can be no noise floor or no intervals as asked.
    fn obstacle_to_inference(&self) -> Option<String> {
        let Settings { noise_floor, orders, intervals, resamples, row_policy, .. } = &self.settings;
        if *intervals && resamples.is_none_or(|resamples| !RESAMPLES.contains(&resamples)) {
            let (least, most) = (RESAMPLES.start(), format::count(*RESAMPLES.end()));
            return Some(format!(
                "Ask for {least} to {most} bootstrap samples: the ends of intervals lie beyond fewer."
            ));
        }
        if !noise_floor && !intervals {
            return None;
        }
        if *noise_floor && orders.is_none_or(|orders| !ORDERS.contains(&orders)) {
            let (least, most) = (ORDERS.start(), format::count(*ORDERS.end()));
            return Some(format!("Ask for {least} to {most} random orders: fewer say nothing at the level {LEVEL}."));
        }
        (self.needs_probe() && *row_policy == RowPolicy::PositionsAsSamples).then(|| {
            "Choose other rows of feature maps, or no noise floor and no intervals: positions of one image are not independent.".to_owned()
        })
    }

    /// Whether a network is among the inputs; activations bring their own samples.
    #[must_use]
    pub fn needs_probe(&self) -> bool {
        self.inputs().any(|(_, summary)| summary.network)
    }

    /// What the engine is asked to do when Compare is pressed.
    pub(super) fn compare_settings(&self) -> CompareSettings {
        let mut questions = vec![self.settings.measure.clone()];
        if self.settings.all_measures {
            let others = self.cards.iter().map(|card| card.id).filter(|id| *id != self.settings.measure);
            questions.extend(others.map(str::to_owned));
        }
        let needs_probe = self.needs_probe();
        let samples = self.settings.samples.filter(|_| needs_probe);
        let subset = self.settings.subset;
        CompareSettings {
            files: self.inputs().map(|(file, _)| file.id).collect(),
            probe: self.probe_file().map(|file| file.id).filter(|_| needs_probe),
            normalisation: self.settings.normalisation.clone(),
            spec: Box::new(StudySpec {
                inputs: self
                    .input_names()
                    .into_iter()
                    .zip(self.inputs())
                    .map(|(name, (file, summary))| InputSpec {
                        part: file.part().map(str::to_owned),
                        choices: if summary.network { file.choices().clone() } else { Choices::new() },
                        ..InputSpec::named(&name)
                    })
                    .collect(),
                probe: samples.map(|samples| ProbeSpec { samples, subset }),
                questions,
                pairs: PairPlan::All,
                layers: LayerPlan::All,
                rows: self.settings.row_policy,
                null: self.settings.null(),
                bootstrap: self.settings.bootstrap(),
            }),
        }
    }

    /// Asks a measure that was chosen of the layers that the engine keeps, or how sure its values are, where it keeps what the
    /// measure needs: no network runs, so nobody has to press Compare.
    pub(super) fn ask_kept(&mut self, now: f64) -> Vec<Effect> {
        let Some(Picture { origin: Origin::Computed { settings, kept }, .. }) = &self.picture else {
            return Vec::new();
        };
        let wanted = &self.settings.measure;
        let asked = settings.spec.questions.contains(wanted)
            && (settings.spec.null, settings.spec.bootstrap) == (self.settings.null(), self.settings.bootstrap());
        if asked || !kept.contains(wanted) || !self.compare_settings().has_layers_of(settings) {
            return Vec::new();
        }
        self.start_run(true, now)
    }
}

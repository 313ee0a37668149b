//! The study as a session: inputs are added one at a time, what is kept of their layers is asked again and again.

use std::borrow::Cow;
use std::sync::Arc;

use super::answer::{Asked, Place};
use super::outputs::{self, Said};
use super::plan::{Budget, LayerSize};
use super::watch::Monotone;
use super::{
    BootstrapSpec, Input, InputRecord, LayerRecord, NullSpec, PartRecord, StudyError, StudySpec, Watcher, remarks,
};
use crate::activation::{Engine, Job, Representation, RowPolicy, graph_for, represent};
use crate::data::ProbeSet;
use crate::layer::{Layer, LayerError, Logits, PartId, Reason};
use crate::similarity::{self, Measure, Question, Samples};
use crate::supervise::{Stage, Supervisor as _};

/// A study that can be asked again.
///
/// [`Study::expect`] checks an input before anything runs; [`Study::add`] runs it and answers the description's questions,
/// layer by layer, against the inputs that were added before; [`Study::ask`] puts another question to what is kept of the
/// layers, without running a network; [`Study::report`] is everything that was found.
pub struct Study {
    pub(super) spec: StudySpec,
    pub(super) budget: Budget,
    pub(super) pairs: Vec<(usize, usize)>,
    /// The chosen images.
    pub(super) probe: Option<Arc<ProbeSet>>,
    pub(super) samples: Option<Samples>,
    pub(super) expected: Vec<Expected>,
    pub(super) inputs: Vec<Gathered>,
    pub(super) questions: Vec<Asked>,
    pub(super) device: Option<super::DeviceRecord>,
}

/// An input that was checked.
pub(super) struct Expected {
    pub(super) name: String,
    pub(super) layers: Vec<LayerSize>,
    /// Bytes of memory while it runs, besides what is kept.
    pub(super) running: u64,
    /// How many classes it tells apart; none for activations.
    pub(super) classes: Option<usize>,
    /// How feature maps became its rows.
    pub(super) rows: RowPolicy,
}

/// What is kept of the layers of an input besides answers.
#[derive(Clone, Copy)]
struct Keep {
    rows: bool,
    parts: bool,
}

/// What is kept of an input.
pub(super) struct Gathered {
    /// What the report says of it; its layers are filled in.
    pub(super) record: InputRecord,
    pub(super) layers: Vec<Layer>,
    /// What a network says of the samples, where it is kept.
    pub(super) logits: Option<Result<Logits, Reason>>,
    pub(super) findings: Vec<remarks::Finding>,
}

impl Study {
    /// A study of what is described, on the chosen samples of a probe set.
    ///
    /// # Errors
    /// [`StudyError`] when there are fewer than two inputs, no question, an unknown measure or layer plan, or when the samples
    /// cannot be chosen.
    pub fn new(spec: StudySpec, probe: Option<&ProbeSet>, budget: Budget) -> Result<Self, StudyError> {
        let inputs = spec.inputs.len();
        if inputs < 2 {
            return Err(StudyError::TooFewInputs { found: inputs });
        }
        let pairs = spec.pairs.pairs(inputs)?;
        let mut questions: Vec<Asked> = Vec::new();
        for id in &spec.questions {
            let measure = similarity::find(id)?;
            if questions.iter().all(|asked| asked.measure.id != measure.id) {
                questions.push(Asked::new(measure, pairs.len()));
            }
        }
        if questions.is_empty() {
            return Err(StudyError::NoMeasure);
        }
        if spec.null.is_some() && spec.rows == RowPolicy::PositionsAsSamples {
            return Err(StudyError::NullOfPositions);
        }
        if spec.bootstrap.is_some() && spec.rows == RowPolicy::PositionsAsSamples {
            return Err(StudyError::BootstrapOfPositions);
        }
        let probe = match (probe, spec.probe) {
            (Some(probe), Some(chosen)) => Some(Arc::new(probe.select(chosen.samples, chosen.subset)?)),
            _ => None,
        };
        Ok(Self {
            spec,
            budget,
            pairs,
            probe,
            samples: None,
            expected: Vec::new(),
            inputs: Vec::new(),
            questions,
            device: None,
        })
    }

    /// What is compared, and how; questions that were asked later are part of it.
    #[must_use]
    pub fn spec(&self) -> &StudySpec {
        &self.spec
    }

    /// Runs the next input and compares each of its layers, as soon as it is there, with the layers of the inputs before.
    /// Of a layer only what the questions need is kept, and within the budget its parts and rows for later questions.
    ///
    /// # Errors
    /// [`StudyError`]; the study then stays as it was before. A layer or a pair of layers that has no value is no error: its
    /// cells say why.
    pub async fn add(&mut self, input: &Input, engine: &Engine, watcher: &impl Watcher) -> Result<(), StudyError> {
        let index = self.inputs.len();
        if index == self.expected.len() {
            self.expect(input)?;
        }
        let result = self.gather(index, input, engine, watcher).await;
        if result.is_err() {
            self.inputs.truncate(index);
            self.questions.iter_mut().for_each(|asked| asked.forget(index, &self.pairs));
        }
        result
    }

    async fn gather(
        &mut self,
        index: usize,
        input: &Input,
        engine: &Engine,
        watcher: &impl Watcher,
    ) -> Result<(), StudyError> {
        let name = self.expected[index].name.clone();
        let watcher = Monotone::new(watcher);
        let count = self.spec.inputs.len() as f64;
        // The null and the bootstrap come last and have as much of the progress each.
        let tasks = 1 + usize::from(self.spec.null.is_some()) + usize::from(self.spec.bootstrap.is_some());
        let share = 1.0 / tasks as f64;
        let portion = (share * index as f64 / count, share / count);
        self.device = Some(super::DeviceRecord::of(engine));
        let keep = Keep { rows: self.keeps_rows(), parts: self.keeps_parts() || self.spec.bootstrap.is_some() };
        let findings = remarks::of_input(input, &name);
        let logits = matches!(input, Input::Activations { .. }).then_some(Err(Reason::NoLogits));
        self.inputs.push(Gathered { record: input.record(&name, Vec::new())?, layers: Vec::new(), logits, findings });
        self.questions.iter_mut().for_each(|asked| asked.begin(index, &self.pairs, &self.expected));
        match input {
            Input::Network { network, normalisation, .. } => {
                let Some(probe) = self.probe.clone() else { return Err(StudyError::NoProbe { input: name }) };
                let graph = graph_for(network, &probe)?;
                let (state, policy) = (&network.state, self.spec.rows);
                let job = Job { network: &name, graph: &graph, state, probe: &probe, normalisation, policy, portion };
                let (classes, keeps_logits) = (self.expected[index].classes, self.needs_logits() || keep.parts);
                let last = graph.taps.last().map(|tap| tap.name.as_str());
                let collect = async |layer: Representation| {
                    if keeps_logits && last == Some(layer.layer.as_str()) {
                        self.inputs[index].logits = Some(outputs::logits(&name, &layer, classes).await?);
                    }
                    if self.spec.layers.includes(&layer.layer) {
                        self.take(index, keep, Cow::Owned(layer), &watcher).await?;
                    }
                    Ok::<(), StudyError>(())
                };
                represent(engine, &job, &watcher, collect).await?;
            }
            Input::Activations { file, .. } => {
                let included = |at: &usize| self.spec.layers.includes(&file.representations[*at].layer);
                let wanted: Vec<usize> = (0..file.representations.len()).filter(included).collect();
                let count = wanted.len() as f64;
                for (place, at) in wanted.into_iter().enumerate() {
                    let fraction = portion.0 + portion.1 * place as f64 / count;
                    watcher.at_least(fraction, Stage::Prepare, &name, &file.representations[at].layer);
                    self.take(index, keep, file.representation(at, self.spec.rows), &watcher).await?;
                }
            }
        }
        watcher.at_least(portion.0 + portion.1, Stage::Compare, "", "");
        let groups = self.groups();
        if let Some(samples) = &self.samples {
            let said = said(&self.inputs);
            let questions = self.questions.len() as f64;
            for (place, asked) in self.questions.iter_mut().enumerate() {
                asked.conclude(&groups, &watcher).await?;
                asked.compare_outputs(&self.pairs, &said, samples, &watcher).await?;
                if index + 1 < self.spec.inputs.len() {
                    continue;
                }
                let rest = |task: f64| (share + (1.0 - share) * (place as f64 + task) / questions, share / questions);
                if let Some(null) = self.spec.null {
                    asked.calibrate(&self.pairs, null, rest(0.0), &watcher).await?;
                }
                if let Some(bootstrap) = self.spec.bootstrap {
                    let layers: Vec<&[Layer]> = self.inputs.iter().map(|input| input.layers.as_slice()).collect();
                    let span = rest(if self.spec.null.is_some() { 0.5 } else { 0.0 });
                    asked.bootstrap(&self.pairs, bootstrap, (&layers, samples), span, &watcher).await?;
                }
            }
        }
        let Gathered { layers, findings, .. } = &mut self.inputs[index];
        findings.extend(remarks::of_layers(&name, layers));
        Ok(())
    }

    /// Takes the next layer of the input that is being added.
    async fn take<W: Watcher>(
        &mut self,
        input_index: usize,
        keep: Keep,
        representation: Cow<'_, Representation>,
        watcher: &Monotone<'_, W>,
    ) -> Result<(), StudyError> {
        let (rows, features) = (representation.rows, representation.features);
        let layer_name = representation.layer.clone();
        let name = self.expected[input_index].name.clone();
        watcher.stage(Stage::Prepare, &name, &layer_name);
        watcher.pause().await?;
        let mut layer = match Layer::of(representation, &self.needs(), keep.rows, watcher).await {
            Ok(layer) => layer,
            Err(LayerError::Cancelled(cancelled)) => return Err(cancelled.into()),
            Err(error) => {
                let message = without_layer(&error, &layer_name);
                self.inputs[input_index].findings.push(remarks::unusable(&name, &layer_name, &message));
                Layer::unusable(&layer_name, rows, features, message)
            }
        };
        let samples = self.samples.clone().ok_or_else(|| StudyError::NoLayers { input: name.clone() })?;
        for asked in &mut self.questions {
            watcher.pause().await?;
            asked.prepare((input_index, &name), &layer, &samples, watcher).await?;
        }
        let gathered = &mut self.inputs[input_index];
        let (constant_features, parts) = (layer.facts.constant_features, PartRecord::of(&layer));
        gathered.record.layers.push(LayerRecord { name: layer_name.clone(), rows, features, constant_features, parts });
        if !keep.parts {
            layer.retain(&[]);
        }
        gathered.layers.push(layer);
        watcher.stage(Stage::Compare, &name, &layer_name);
        let new = self.inputs[input_index].layers.len() - 1;
        for asked in &mut self.questions {
            for (pair, &(a, b)) in self.pairs.iter().enumerate() {
                for place in places(input_index, new, (a, b), &self.inputs) {
                    asked.fill(pair, (a, b), &place, watcher).await?;
                }
            }
        }
        Ok(())
    }

    /// Puts another question to the layers that are kept, without running a network. A question that was asked before is
    /// not answered anew.
    ///
    /// # Errors
    /// [`StudyError::Measure`]; [`StudyError::NotKept`] when a part that the question needs was not kept, nor the rows that it
    /// could be computed from; [`StudyError::NoLogitsKept`] alike; [`StudyError::Cancelled`].
    pub async fn ask(&mut self, question: &str, watcher: &impl Watcher) -> Result<(), StudyError> {
        let measure = similarity::find(question)?;
        if self.questions.iter().any(|asked| asked.measure.id == measure.id) {
            return Ok(());
        }
        let without_logits = self.inputs.iter().find(|input| input.logits.is_none());
        if let (Question::Outputs(_), Some(input)) = (&measure.question, without_logits) {
            return Err(StudyError::NoLogitsKept { measure: measure.id, input: input.record.name.clone() });
        }
        let needs = measure.question.needs();
        for (input, layer) in self.inputs.iter().flat_map(|input| input.layers.iter().map(move |layer| (input, layer)))
        {
            if let Some(&part) = layer.missing(needs).first()
                && !layer.keeps_rows()
                && layer.fault().is_none()
            {
                let (input, layer) = (input.record.name.clone(), layer.name.clone());
                return Err(StudyError::NotKept { measure: measure.id, part, input, layer });
            }
        }
        let watcher = Monotone::new(watcher);
        let samples = self.samples.clone().ok_or(StudyError::TooFewInputs { found: 0 })?;
        let mut asked = Asked::new(measure, self.pairs.len());
        let total = self.inputs.iter().map(|input| input.layers.len()).sum::<usize>() as f64;
        let mut done = 0.0;
        for index in 0..self.inputs.len() {
            let name = self.expected[index].name.clone();
            asked.begin(index, &self.pairs, &self.expected);
            let gathered = &mut self.inputs[index];
            for (layer, record) in gathered.layers.iter_mut().zip(&mut gathered.record.layers) {
                watcher.at_least(done / total, Stage::Prepare, &name, &layer.name);
                watcher.pause().await?;
                match layer.complete(needs, &watcher).await {
                    Err(LayerError::Cancelled(cancelled)) => return Err(cancelled.into()),
                    Err(error) => return Err(StudyError::Layer { input: name, error }),
                    Ok(()) => {}
                }
                asked.prepare((index, &name), layer, &samples, &watcher).await?;
                record.parts = PartRecord::of(layer);
                done += 1.0;
            }
        }
        watcher.at_least(1.0, Stage::Compare, "", "");
        for (pair, &(a, b)) in self.pairs.iter().enumerate() {
            let (Some(rows), Some(columns)) = (self.inputs.get(a), self.inputs.get(b)) else { continue };
            let whole = Place { rows: 0..rows.layers.len(), columns: 0..columns.layers.len() };
            asked.fill(pair, (a, b), &whole, &watcher).await?;
        }
        asked.conclude(&self.groups(), &watcher).await?;
        if let Some(null) = self.spec.null {
            asked.calibrate(&self.pairs, null, (1.0, 0.0), &watcher).await?;
        }
        if let Some(bootstrap) = self.spec.bootstrap {
            let layers: Vec<&[Layer]> = self.inputs.iter().map(|input| input.layers.as_slice()).collect();
            asked.bootstrap(&self.pairs, bootstrap, (&layers, &samples), (1.0, 0.0), &watcher).await?;
        }
        asked.compare_outputs(&self.pairs, &said(&self.inputs), &samples, &watcher).await?;
        self.spec.questions.push(asked.measure.id.clone());
        self.questions.push(asked);
        Ok(())
    }

    /// Computes what chance makes of the maps of all questions, from what is kept of the layers, and of those of later
    /// questions too; [`None`] forgets it.
    ///
    /// # Errors
    /// [`StudyError::NullOfPositions`], [`StudyError::Cancelled`]; what was known before is then known no longer.
    pub async fn calibrate(&mut self, null: Option<NullSpec>, watcher: &impl Watcher) -> Result<(), StudyError> {
        if null == self.spec.null {
            return Ok(());
        }
        self.spec.null = None;
        self.questions.iter_mut().for_each(Asked::forget_nulls);
        let Some(spec) = null else { return Ok(()) };
        if self.spec.rows == RowPolicy::PositionsAsSamples {
            return Err(StudyError::NullOfPositions);
        }
        let watcher = Monotone::new(watcher);
        let questions = self.questions.len() as f64;
        for (place, asked) in self.questions.iter_mut().enumerate() {
            asked.calibrate(&self.pairs, spec, (place as f64 / questions, 1.0 / questions), &watcher).await?;
        }
        self.spec.null = null;
        Ok(())
    }

    /// Computes how much the values of all questions vary with the samples, from what is kept of the layers, and of those of
    /// later questions too; [`None`] forgets it.
    ///
    /// # Errors
    /// [`StudyError::BootstrapOfPositions`]; [`StudyError::NotKept`] when a part that a question needs was not kept;
    /// [`StudyError::Cancelled`]; what was known before is then known no longer.
    pub async fn resample(
        &mut self,
        bootstrap: Option<BootstrapSpec>,
        watcher: &impl Watcher,
    ) -> Result<(), StudyError> {
        if bootstrap == self.spec.bootstrap {
            return Ok(());
        }
        self.spec.bootstrap = None;
        self.questions.iter_mut().for_each(Asked::forget_bootstraps);
        let (Some(spec), Some(samples)) = (bootstrap, &self.samples) else { return Ok(()) };
        if self.spec.rows == RowPolicy::PositionsAsSamples {
            return Err(StudyError::BootstrapOfPositions);
        }
        for asked in &self.questions {
            let Question::Pair(pair) = &asked.measure.question else { continue };
            self.ensure_kept(&asked.measure.id, pair.needs())?;
        }
        let watcher = Monotone::new(watcher);
        let questions = self.questions.len() as f64;
        let layers: Vec<&[Layer]> = self.inputs.iter().map(|input| input.layers.as_slice()).collect();
        for (place, asked) in self.questions.iter_mut().enumerate() {
            let span = (place as f64 / questions, 1.0 / questions);
            asked.bootstrap(&self.pairs, spec, (&layers, samples), span, &watcher).await?;
        }
        self.spec.bootstrap = bootstrap;
        Ok(())
    }

    /// Refuses a question of which a part of a layer is not there.
    fn ensure_kept(&self, measure: &str, needs: &[PartId]) -> Result<(), StudyError> {
        for input in &self.inputs {
            for layer in &input.layers {
                if let (Some(&part), None) = (layer.missing(needs).first(), layer.fault()) {
                    let (input, layer) = (input.record.name.clone(), layer.name.clone());
                    return Err(StudyError::NotKept { measure: measure.to_owned(), part, input, layer });
                }
            }
        }
        Ok(())
    }

    /// The layers that correspond, once all inputs are there.
    fn groups(&self) -> Vec<Vec<(usize, usize)>> {
        if self.inputs.len() < self.spec.inputs.len() { Vec::new() } else { groups(&self.expected) }
    }

    /// Whether a measure can be asked without adding an input again.
    #[must_use]
    pub fn keeps(&self, measure: &Measure) -> bool {
        let needs = measure.question.needs();
        let asked = self.questions.iter().any(|asked| asked.measure.id == measure.id);
        let answers = |layer: &Layer| layer.keeps_rows() || layer.fault().is_some() || layer.missing(needs).is_empty();
        let logits =
            !matches!(measure.question, Question::Outputs(_)) || self.inputs.iter().all(|input| input.logits.is_some());
        asked || logits && self.inputs.iter().flat_map(|input| &input.layers).all(answers)
    }

    /// The layers of an input that was checked, first to last; none of one that was not.
    #[must_use]
    pub fn layer_names(&self, input: usize) -> Vec<String> {
        let layers = self.expected.get(input).into_iter().flat_map(|expected| &expected.layers);
        layers.map(|layer| layer.name.clone()).collect()
    }
}

/// What the inputs say of the samples, up to the first whose logits are not kept.
fn said(inputs: &[Gathered]) -> Vec<Said<'_>> {
    let said = |input| {
        let Gathered { record, logits, .. }: &Gathered = input;
        Some(Said { name: &record.name, logits: logits.as_ref()? })
    };
    inputs.iter().map_while(said).collect()
}

/// The layers of all inputs that correspond, as (input, layer): by their place where all inputs have as many, otherwise by
/// their names, of those that two inputs or more have.
fn groups(inputs: &[Expected]) -> Vec<Vec<(usize, usize)>> {
    let Some(first) = inputs.first() else { return Vec::new() };
    if inputs.iter().all(|input| input.layers.len() == first.layers.len()) {
        return (0..first.layers.len()).map(|layer| (0..inputs.len()).map(|input| (input, layer)).collect()).collect();
    }
    let mut groups: Vec<(&str, Vec<(usize, usize)>)> = Vec::new();
    for (input, expected) in inputs.iter().enumerate() {
        for (layer, size) in expected.layers.iter().enumerate() {
            match groups.iter_mut().find(|(name, _)| *name == size.name) {
                Some((_, members)) => members.push((input, layer)),
                None => groups.push((&size.name, vec![(input, layer)])),
            }
        }
    }
    groups.into_iter().map(|(_, members)| members).filter(|members| members.len() > 1).collect()
}

/// The cells of a pair that a new layer completes.
fn places(input: usize, new: usize, (a, b): (usize, usize), inputs: &[Gathered]) -> Vec<Place> {
    let layers = |other: usize| inputs.get(other).map_or(0, |input| input.layers.len());
    let column = |rows: usize| Place { rows: 0..rows, columns: new..new + 1 };
    let row = |columns: usize| Place { rows: new..new + 1, columns: 0..columns };
    match (a == input, b == input) {
        (true, true) => vec![column(new + 1), row(new)],
        (false, true) => vec![column(layers(a))],
        (true, false) => vec![row(layers(b))],
        (false, false) => Vec::new(),
    }
}

/// An error's message without the layer's name, which stands before it wherever it is shown.
fn without_layer(error: &LayerError, layer: &str) -> String {
    let message = error.to_string();
    match message.strip_prefix(layer).and_then(|rest| rest.strip_prefix(": ")) {
        Some(rest) => rest.to_owned(),
        None => message,
    }
}

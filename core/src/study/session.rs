//! The study as a session: inputs are added one at a time, what is kept of their layers is asked again and again.

use std::borrow::Cow;
use std::sync::Arc;

use super::answer::{Asked, Place};
use super::input::unique;
use super::plan::{self, Budget, LayerSize};
use super::samples::{Sampled, check};
use super::watch::Monotone;
use super::{Input, InputRecord, LayerPlan, LayerRecord, PartRecord, StudyError, StudySpec, Warning, Watcher, remarks};
use crate::activation::{Engine, Job, Representation, graph_for, represent};
use crate::data::ProbeSet;
use crate::layer::{Layer, LayerError, PartId};
use crate::model::Graph;
use crate::names;
use crate::similarity::{self, Measure, Samples};
use crate::supervise::{Stage, Supervisor as _};

/// A study that can be asked again.
///
/// [`Study::expect`] checks an input before anything runs; [`Study::add`] runs it and answers the description's questions,
/// layer by layer, against the inputs that were added before; [`Study::ask`] puts another question to what is kept of the
/// layers, without running a network; [`Study::report`] is everything that was found.
pub struct Study {
    pub(super) spec: StudySpec,
    budget: Budget,
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
    running: u64,
}

/// What is kept of an input.
pub(super) struct Gathered {
    /// What the report says of it; its layers are filled in.
    pub(super) record: InputRecord,
    pub(super) layers: Vec<Layer>,
    pub(super) warnings: Vec<Warning>,
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

    /// Checks the next input before anything runs: that it fits the images, stands for the same samples as the others, has
    /// the layers that are asked for, and that everything fits into memory. Says which layers there will be.
    ///
    /// # Errors
    /// [`StudyError`], with what to do about it.
    pub fn expect(&mut self, input: &Input) -> Result<&[LayerSize], StudyError> {
        let index = self.expected.len();
        if index >= self.spec.inputs.len() {
            return Err(StudyError::Unexpected { expected: "none".to_owned(), found: input.name().to_owned() });
        }
        let taken = self.expected.iter().map(|expected| expected.name.as_str()).chain([input.name()]);
        let Some(name) = unique(taken).pop() else {
            return Err(StudyError::Unexpected { expected: "a name".to_owned(), found: "none".to_owned() });
        };
        let (layers, running) = match input {
            Input::Network { network, .. } => {
                let Some(probe) = &self.probe else { return Err(StudyError::NoProbe { input: name }) };
                let graph = graph_for(network, probe)?;
                let images = probe.len();
                let layers = plan::of_network(&graph, self.spec.rows, images, &self.spec.layers);
                self.has_wanted(&name, &layers, graph.taps.iter().map(|tap| tap.name.as_str()))?;
                let running = plan::running_bytes(&graph, images);
                plan::check(&name, images, &layers, &largest_maps(&graph, images))?;
                (layers, running)
            }
            Input::Activations { file, .. } => {
                let layers = plan::of_activations(input, &self.spec.layers);
                self.has_wanted(&name, &layers, file.representations.iter().map(|layer| layer.layer.as_str()))?;
                let samples = file.representations.first().map_or(0, |layer| layer.samples.ids.len());
                plan::check(&name, samples, &layers, &[])?;
                (layers, 0)
            }
        };
        if layers.is_empty() {
            return Err(StudyError::NoLayers { input: name });
        }
        self.agree(&name, input)?;
        self.expected.push(Expected { name, layers, running });
        self.fit()?;
        Ok(&self.expected[index].layers)
    }

    /// Refuses names of layers that an input has not; an input may lack some where others of them are there.
    fn has_wanted<'a>(
        &self,
        input: &str,
        found: &[LayerSize],
        all: impl Iterator<Item = &'a str>,
    ) -> Result<(), StudyError> {
        match (&self.spec.layers, found) {
            (LayerPlan::Named(wanted), []) => {
                let layer = wanted.first().cloned().unwrap_or_else(|| "(none was named)".to_owned());
                let nearest = names::nearest(&layer, all).into_iter().map(str::to_owned).collect();
                Err(StudyError::NoSuchLayer { input: input.to_owned(), layer, nearest })
            }
            _ => Ok(()),
        }
    }

    /// Checks that an input stands for the same samples as the others.
    fn agree(&mut self, name: &str, input: &Input) -> Result<(), StudyError> {
        let all: Vec<_> = match (input, &self.probe) {
            (Input::Network { .. }, Some(probe)) => vec![&probe.samples],
            (Input::Network { .. }, None) => return Err(StudyError::NoProbe { input: name.to_owned() }),
            (Input::Activations { file, .. }, _) => file.representations.iter().map(|layer| &layer.samples).collect(),
        };
        let first = match (&self.samples, self.expected.first()) {
            (Some(samples), Some(first)) => Some(Sampled { input: &first.name, samples: &samples.ids }),
            _ => None,
        };
        let own = all.iter().map(|samples| Sampled { input: name, samples });
        check(&first.into_iter().chain(own).collect::<Vec<_>>())?;
        if self.samples.is_none()
            && let Some(&ids) = all.first()
        {
            let probe = self.probe.as_deref();
            let labels = probe.and_then(|probe| probe.labels.clone());
            let classes = probe.map(|probe| probe.class_names.clone()).unwrap_or_default();
            self.samples = Some(Samples { ids: Arc::clone(ids), labels, classes });
        }
        Ok(())
    }

    /// The most bytes that the study will take at any time with all inputs that are expected so far: the maps of a running
    /// network, and what is kept of all layers.
    #[must_use]
    pub fn planned_bytes(&self) -> u64 {
        let running = self.expected.iter().map(|expected| expected.running).max().unwrap_or(0);
        running.saturating_add(self.kept_bytes(self.keeps_rows(), self.keeps_parts()))
    }

    fn layers(&self) -> impl Iterator<Item = &LayerSize> {
        self.expected.iter().flat_map(|expected| &expected.layers)
    }

    fn kept_bytes(&self, rows: bool, parts: bool) -> u64 {
        let needs = self.needs();
        let of = |layer: &LayerSize| {
            let kept = needs.iter().map(|part| part.bytes(layer.rows, layer.features)).sum::<u64>();
            let answers = plan::answer_bytes(layer, self.questions.len());
            answers + if parts { kept } else { 0 } + if rows { layer.bytes() } else { 0 }
        };
        self.layers().map(of).sum()
    }

    /// Whether the rows of all layers fit into what may be kept.
    fn keeps_rows(&self) -> bool {
        self.budget.kept > 0 && self.kept_bytes(true, true) <= self.budget.kept
    }

    /// Whether the parts of all layers fit into what may be kept.
    fn keeps_parts(&self) -> bool {
        self.budget.kept > 0 && self.kept_bytes(false, true) <= self.budget.kept
    }

    /// Refuses a study that does not fit, and says how many samples would.
    fn fit(&self) -> Result<(), StudyError> {
        let Some(limit) = self.budget.memory else { return Ok(()) };
        let running = self.expected.iter().map(|expected| expected.running).max().unwrap_or(0);
        let needed = running.saturating_add(self.kept_bytes(false, false));
        if needed <= limit {
            return Ok(());
        }
        // Maps grow with n, answers with n².
        let samples = self.samples.as_ref().map_or(0, |samples| samples.ids.ids.len());
        let (linear, square) = (running as f64 / limit as f64, (needed - running) as f64 / limit as f64);
        let part = if square == 0.0 {
            1.0 / linear
        } else {
            ((linear * linear + 4.0 * square).sqrt() - linear) / (2.0 * square)
        };
        Err(StudyError::Memory { needed, limit, fits: (samples as f64 * part) as usize })
    }

    /// The parts of a layer that the questions read.
    fn needs(&self) -> Vec<PartId> {
        let mut needs: Vec<PartId> =
            self.questions.iter().flat_map(|asked| asked.measure.question.needs()).copied().collect();
        needs.sort_unstable();
        needs.dedup();
        needs
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
        let portion = (index as f64 / count, 1.0 / count);
        let warnings = remarks::of_input(input, &name);
        self.inputs.push(Gathered { record: input.record(&name, Vec::new()), layers: Vec::new(), warnings });
        self.questions.iter_mut().for_each(|asked| asked.begin(index, &self.pairs, &self.expected));
        match input {
            Input::Network { network, normalisation, .. } => {
                let Some(probe) = self.probe.clone() else { return Err(StudyError::NoProbe { input: name }) };
                let graph = graph_for(network, &probe)?;
                let (state, policy) = (&network.state, self.spec.rows);
                let job = Job { network: &name, graph: &graph, state, probe: &probe, normalisation, policy, portion };
                self.device = Some(super::DeviceRecord::of(engine));
                let collect = async |layer: Representation| {
                    if self.spec.layers.includes(&layer.layer) {
                        self.take(index, Cow::Owned(layer), &watcher).await?;
                    }
                    Ok::<(), StudyError>(())
                };
                represent(engine, &job, &watcher, collect).await?;
            }
            Input::Activations { file, .. } => {
                let wanted: Vec<&Representation> =
                    file.representations.iter().filter(|layer| self.spec.layers.includes(&layer.layer)).collect();
                let count = wanted.len() as f64;
                for (place, representation) in wanted.into_iter().enumerate() {
                    let fraction = portion.0 + portion.1 * place as f64 / count;
                    watcher.at_least(fraction, Stage::Prepare, &name, &representation.layer);
                    self.take(index, Cow::Borrowed(representation), &watcher).await?;
                }
            }
        }
        watcher.at_least(portion.0 + portion.1, Stage::Compare, "", "");
        let Gathered { layers, warnings, .. } = &mut self.inputs[index];
        warnings.extend(remarks::of_layers(&name, layers));
        Ok(())
    }

    /// Takes the next layer of the input that is being added.
    async fn take<W: Watcher>(
        &mut self,
        input_index: usize,
        representation: Cow<'_, Representation>,
        watcher: &Monotone<'_, W>,
    ) -> Result<(), StudyError> {
        let (rows, features) = (representation.rows, representation.features);
        let layer_name = representation.layer.clone();
        let name = self.expected[input_index].name.clone();
        watcher.stage(Stage::Prepare, &name, &layer_name);
        watcher.pause().await?;
        let (keep_rows, keep_parts) = (self.keeps_rows(), self.keeps_parts());
        let mut layer = match Layer::of(representation, &self.needs(), keep_rows, watcher).await {
            Ok(layer) => layer,
            Err(LayerError::Cancelled(cancelled)) => return Err(cancelled.into()),
            Err(error) => {
                let message = without_layer(&error, &layer_name);
                let (input, layer) = (Some(name.clone()), Some(layer_name.clone()));
                self.inputs[input_index].warnings.push(Warning { input, layer, message: message.clone() });
                Layer::unusable(&layer_name, rows, features, message)
            }
        };
        let samples = self.samples.clone().ok_or_else(|| StudyError::NoLayers { input: name.clone() })?;
        for asked in &mut self.questions {
            watcher.pause().await?;
            asked.prepare(input_index, &layer, &samples);
        }
        let gathered = &mut self.inputs[input_index];
        let (constant_features, parts) = (layer.facts.constant_features, PartRecord::of(&layer));
        gathered.record.layers.push(LayerRecord { name: layer_name.clone(), rows, features, constant_features, parts });
        if !keep_parts {
            layer.retain(&[]);
        }
        gathered.layers.push(layer);
        watcher.stage(Stage::Compare, &name, &layer_name);
        let titles = self.titles();
        let new = self.inputs[input_index].layers.len() - 1;
        for asked in &mut self.questions {
            for (pair, &(a, b)) in self.pairs.iter().enumerate() {
                for place in places(input_index, new, (a, b), &self.inputs) {
                    asked.fill(pair, (a, b), &place, &titles, watcher).await?;
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
    /// could be computed from; [`StudyError::Cancelled`].
    pub async fn ask(&mut self, question: &str, watcher: &impl Watcher) -> Result<(), StudyError> {
        let measure = similarity::find(question)?;
        if self.questions.iter().any(|asked| asked.measure.id == measure.id) {
            return Ok(());
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
                asked.prepare(index, layer, &samples);
                record.parts = PartRecord::of(layer);
                done += 1.0;
            }
        }
        watcher.at_least(1.0, Stage::Compare, "", "");
        let titles = self.titles();
        for (pair, &(a, b)) in self.pairs.iter().enumerate() {
            let (Some(rows), Some(columns)) = (self.inputs.get(a), self.inputs.get(b)) else { continue };
            let whole = Place { rows: 0..rows.layers.len(), columns: 0..columns.layers.len() };
            asked.fill(pair, (a, b), &whole, &titles, &watcher).await?;
        }
        self.spec.questions.push(asked.measure.id.clone());
        self.questions.push(asked);
        Ok(())
    }

    /// Whether a measure can be asked without adding an input again.
    #[must_use]
    pub fn keeps(&self, measure: &Measure) -> bool {
        let needs = measure.question.needs();
        let asked = self.questions.iter().any(|asked| asked.measure.id == measure.id);
        let answers = |layer: &Layer| layer.keeps_rows() || layer.fault().is_some() || layer.missing(needs).is_empty();
        asked || self.inputs.iter().flat_map(|input| &input.layers).all(answers)
    }

    /// The layers of an input that was checked, first to last.
    #[must_use]
    pub fn layer_names(&self, input: usize) -> Vec<String> {
        let layers = self.expected.get(input).map(|expected| expected.layers.as_slice());
        layers.unwrap_or_default().iter().map(|layer| layer.name.clone()).collect()
    }

    /// `layer1.0 of A`, for every layer of every input that was added.
    fn titles(&self) -> Vec<Vec<String>> {
        let of = |input: &Gathered| {
            let name = &input.record.name;
            input.layers.iter().map(|layer| format!("{} of {name}", layer.name)).collect()
        };
        self.inputs.iter().map(of).collect()
    }
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

/// Bytes of the maps of each tap on this many images: each is one array.
fn largest_maps(graph: &Graph, images: usize) -> Vec<u64> {
    let bytes = |shape: crate::model::Shape| (shape.len() as u64).saturating_mul(images as u64).saturating_mul(4);
    graph.taps.iter().map(|tap| bytes(graph.nodes[tap.node].shape)).collect()
}

/// An error's message without the layer's name, which stands before it wherever it is shown.
fn without_layer(error: &LayerError, layer: &str) -> String {
    let message = error.to_string();
    match message.strip_prefix(layer).and_then(|rest| rest.strip_prefix(": ")) {
        Some(rest) => rest.to_owned(),
        None => message,
    }
}

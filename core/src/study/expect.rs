//! What is checked and planned before an input runs.

use std::sync::Arc;

use super::input::free_name;
use super::plan::{self, LayerSize};
use super::samples::{Sampled, check};
use super::session::{Expected, Study};
use super::{Input, LayerPlan, StudyError};
use crate::activation::graph_for;
use crate::layer::{Logits, PartId};
use crate::names;
use crate::similarity::{Question, Samples};

impl Study {
    /// Checks the next input before anything runs: that it fits the images, stands for the same samples as the others, has
    /// the layers that are asked for, and that everything fits into memory. Says which layers there will be.
    ///
    /// # Errors
    /// [`StudyError`], with what to do about it.
    pub fn expect(&mut self, input: &Input) -> Result<&[LayerSize], StudyError> {
        let index = self.expected.len();
        if index >= self.spec.inputs.len() {
            return Err(StudyError::TooManyInputs { input: input.name().to_owned(), expected: index });
        }
        let taken = self.expected.iter().map(|expected| expected.name.clone()).collect();
        let name = free_name(input.name(), &taken);
        let (layers, running, rows, classes) = match input {
            Input::Network { network, .. } => {
                let Some(probe) = &self.probe else { return Err(StudyError::NoProbe { input: name }) };
                let graph = graph_for(network, probe)?;
                let images = probe.len();
                let layers = plan::of_network(&graph, self.spec.rows, images, &self.spec.layers);
                self.has_wanted(&name, &layers, graph.taps.iter().map(|tap| tap.name.as_str()))?;
                let maps = plan::map_bytes(&graph, images);
                plan::check(&name, images, &layers, &maps)?;
                (layers, plan::running_bytes(&maps), self.spec.rows, network.architecture.classes())
            }
            Input::Activations { file, .. } => {
                file.accept(self.spec.rows)?;
                let layers = plan::of_activations(input, self.spec.rows, &self.spec.layers);
                self.has_wanted(&name, &layers, file.representations.iter().map(|layer| layer.layer.as_str()))?;
                let samples = file.representations.first().map_or(0, |layer| layer.samples.ids.len());
                plan::check(&name, samples, &layers, &[])?;
                (layers, 0, self.spec.rows, None)
            }
        };
        if layers.is_empty() {
            return Err(StudyError::NoLayers { input: name });
        }
        self.agree(&name, input)?;
        self.expected.push(Expected { name, layers, running, rows, classes });
        if let Err(error) = self.fit() {
            self.expected.pop();
            return Err(error);
        }
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
            let classes = probe.map_or_else(Vec::new, |probe| probe.class_names.clone());
            self.samples = Some(Samples { ids: Arc::clone(ids), labels, classes });
        }
        Ok(())
    }

    /// The most bytes that the study will take at any time with all inputs that are expected so far: the maps of a running
    /// network, and what is kept of all layers.
    #[must_use]
    pub fn planned_bytes(&self) -> u64 {
        let running = self.expected.iter().map(|expected| expected.running).max().unwrap_or(0);
        let parts = self.keeps_parts() || self.spec.bootstrap.is_some();
        running.saturating_add(self.kept_bytes(self.keeps_rows(), parts))
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
        let samples = self.samples.as_ref().map_or(0, |samples| samples.ids.ids.len());
        let classes = self.expected.iter().filter_map(|expected| expected.classes);
        let logits = classes.map(|classes| Logits::bytes(samples, classes)).sum::<u64>();
        self.layers().map(of).sum::<u64>() + if parts || self.needs_logits() { logits } else { 0 }
    }

    /// Whether the rows of all layers fit into what may be kept.
    pub(super) fn keeps_rows(&self) -> bool {
        self.budget.kept > 0 && self.kept_bytes(true, true) <= self.budget.kept
    }

    /// Whether the parts of all layers fit into what may be kept.
    pub(super) fn keeps_parts(&self) -> bool {
        self.budget.kept > 0 && self.kept_bytes(false, true) <= self.budget.kept
    }

    /// Refuses a study that does not fit, and says how many samples would.
    fn fit(&self) -> Result<(), StudyError> {
        let Some(limit) = self.budget.memory else { return Ok(()) };
        let running = self.expected.iter().map(|expected| expected.running).max().unwrap_or(0);
        let needed = running.saturating_add(self.kept_bytes(false, self.spec.bootstrap.is_some()));
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
    pub(super) fn needs(&self) -> Vec<PartId> {
        let mut needs: Vec<PartId> =
            self.questions.iter().flat_map(|asked| asked.measure.question.needs()).copied().collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    /// Whether one of the questions is about what networks say of the samples.
    pub(super) fn needs_logits(&self) -> bool {
        self.questions.iter().any(|asked| matches!(asked.measure.question, Question::Outputs(_)))
    }
}

//! What a study found, as a report.

use super::session::Study;
use super::{
    Comparison, DeviceRecord, InputKind, InputRecord, MeasureRecord, ProbeRecord, SCHEMA_MINOR, SCHEMA_VERSION,
    StudyError, by_construction, remarks,
};
use crate::activation::Engine;
use crate::layer::Precision;

impl Study {
    /// Everything that was found so far.
    ///
    /// # Errors
    /// [`StudyError::Incomplete`] when not all inputs were added.
    pub fn report(&self) -> Result<Comparison, StudyError> {
        if let Some(missing) = self.spec.inputs.get(self.inputs.len()) {
            return Err(StudyError::Incomplete { input: missing.name.clone() });
        }
        let of_all = remarks::of_all(self.inputs.iter().map(|input| &input.record));
        let of_probe = self.probe.as_deref().into_iter().flat_map(remarks::of_probe);
        let of_each = self.inputs.iter().flat_map(|input| input.findings.iter().cloned());
        let measures: Vec<MeasureRecord> = self.questions.iter().map(|asked| asked.record(&self.pairs)).collect();
        let forced = by_construction::findings(&measures);
        let warnings = remarks::gather(of_probe.chain(of_all).chain(forced).chain(of_each));
        let inputs: Vec<InputRecord> = self.inputs.iter().map(|input| input.record.clone()).collect();
        Ok(Comparison {
            schema_version: SCHEMA_VERSION,
            schema_minor: SCHEMA_MINOR,
            generator: format!("repgeo {}", env!("CARGO_PKG_VERSION")),
            probe: self.probe_record(&inputs)?,
            device: self.device_record(&inputs),
            measures,
            inputs,
            warnings,
            spec: Some(self.spec.clone()),
        })
    }

    fn probe_record(&self, inputs: &[InputRecord]) -> Result<ProbeRecord, StudyError> {
        let Some(samples) = &self.samples else { return Err(StudyError::TooFewInputs { found: inputs.len() }) };
        let file = inputs.iter().find(|input| input.kind == InputKind::Activations);
        let probe = self.probe.as_deref().filter(|_| inputs.iter().any(|input| input.kind == InputKind::Checkpoint));
        let name = match (probe, file) {
            (Some(probe), _) => probe.name.clone(),
            (None, Some(file)) => file.file.clone(),
            (None, None) => return Err(StudyError::TooFewInputs { found: inputs.len() }),
        };
        Ok(ProbeRecord {
            name,
            samples: samples.ids.ids.len(),
            subset: probe.and(self.spec.probe).map(|chosen| chosen.subset),
            shape: probe.map(|probe| probe.shape),
            content: samples.ids.content.clone(),
            row_policy: self.expected.first().filter(|_| probe.is_none()).map_or(self.spec.rows, |input| input.rows),
        })
    }

    /// The device, with the precision that was really used.
    fn device_record(&self, inputs: &[InputRecord]) -> DeviceRecord {
        let host = Engine::host(1);
        let DeviceRecord { engine, description, .. } = self.device.clone().unwrap_or_else(|| DeviceRecord::of(&host));
        let mut precision: Vec<String> = Vec::new();
        if inputs.iter().any(|input| input.kind == InputKind::Checkpoint) {
            precision.push("f32 networks".to_owned());
        }
        let layers: usize = inputs.iter().map(|input| input.layers.len()).sum();
        let single = inputs
            .iter()
            .flat_map(|input| &input.layers)
            .filter(|layer| layer.parts.iter().any(|part| part.precision == Precision::Single));
        precision.push(match single.count() {
            0 => "f64 measures".to_owned(),
            single => format!("f64 measures on f32 products in {single} of {layers} layers"),
        });
        DeviceRecord { engine, description, precision: precision.join(", ") }
    }
}

impl DeviceRecord {
    /// What networks run on.
    pub(super) fn of(engine: &Engine) -> Self {
        Self { engine: engine.id().to_owned(), description: engine.description(), precision: String::new() }
    }
}

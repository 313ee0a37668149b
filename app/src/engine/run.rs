//! One run.

use std::cell::Cell;

use repgeo_core::data::{DataError, Normalisation, ProbeSet};
use repgeo_core::study::{self, Comparison, Input, LayerPlan, PairPlan, ProbeSpec, StudyError, StudySpec};

use super::device::Devices;
use super::holdings::Holdings;
use super::port;
use super::watcher::RunWatcher;
use crate::protocol::{Adapter, CompareSettings, Event, FileId, NormalisationChoice, RunId};

/// Compares, and tells the interface how it ended.
pub(super) async fn compare(
    holdings: &mut Holdings,
    devices: &mut Devices,
    run: RunId,
    settings: &CompareSettings,
    cancelled: &Cell<Option<RunId>>,
) {
    let inputs = match take_inputs(holdings, settings) {
        Ok(inputs) => inputs,
        Err(reason) => return port::tell(Event::Failed { run, reason }),
    };
    let (ids, inputs): (Vec<FileId>, Vec<Input>) = inputs.into_iter().unzip();
    let probe = holdings.probe.as_ref().map(|(_, probe)| probe);
    let event = end(run, run_on(devices, &inputs, probe, run, settings, cancelled).await);
    holdings.inputs.extend(ids.into_iter().zip(inputs));
    port::tell(event);
}

fn end(run: RunId, result: Result<Comparison, StudyError>) -> Event {
    match result {
        Ok(comparison) => Event::Done { run, comparison: Box::new(comparison), memory: port::memory_bytes() },
        Err(StudyError::Cancelled(_)) => Event::Cancelled { run },
        Err(error) => Event::Failed { run, reason: error.to_string() },
    }
}

/// On the chosen device; on what takes over when the device gives up.
async fn run_on(
    devices: &mut Devices,
    inputs: &[Input],
    probe: Option<&ProbeSet>,
    run: RunId,
    settings: &CompareSettings,
    cancelled: &Cell<Option<RunId>>,
) -> Result<Comparison, StudyError> {
    let study_settings = StudySpec {
        inputs: Vec::new(),
        probe: settings.probe.map(|_| ProbeSpec { samples: settings.samples, subset: settings.subset }),
        questions: settings.measures.clone(),
        pairs: PairPlan::All,
        layers: LayerPlan::All,
        rows: settings.row_policy,
    };
    loop {
        let watcher = RunWatcher::new(run, cancelled);
        let result = study::compare(inputs, probe, &study_settings, devices.engine(), &watcher).await;
        watcher.flush();
        let Err(error) = &result else { return result };
        let Some(engine) = devices.replace_after(error) else { return result };
        port::tell(Event::Note { text: format!("WebGPU gave up ({error}); the CPU engine has taken over.") });
        port::tell(Event::Ready { engine, adapter: Adapter::Unknown });
    }
}

/// Takes the inputs out of the holdings, named and normalised as asked; on an error everything stays.
fn take_inputs(holdings: &mut Holdings, settings: &CompareSettings) -> Result<Vec<(FileId, Input)>, String> {
    let probe = match (settings.probe, &holdings.probe) {
        (Some(wanted), Some((ids, probe))) if ids.contains(&wanted) => Some(probe),
        (Some(_), _) => return Err("The probe set is no longer there; choose it again.".to_owned()),
        (None, _) => None,
    };
    let mut normalisations = Vec::new();
    for wanted in &settings.inputs {
        let Some(input) = holdings.inputs.get(&wanted.id) else {
            return Err(format!("{} is no longer there; choose it again.", wanted.name));
        };
        let normalisation = normalisation(input, probe, &settings.normalisation).map_err(|error| error.to_string())?;
        normalisations.push(normalisation);
    }
    let mut inputs = Vec::new();
    for (wanted, chosen) in settings.inputs.iter().zip(normalisations) {
        let Some(mut input) = holdings.inputs.remove(&wanted.id) else { continue };
        match &mut input {
            Input::Network { name, normalisation, .. } => {
                name.clone_from(&wanted.name);
                if let Some(chosen) = chosen {
                    *normalisation = chosen;
                }
            }
            Input::Activations { name, .. } => name.clone_from(&wanted.name),
        }
        inputs.push((wanted.id, input));
    }
    Ok(inputs)
}

/// How pixels are normalised for an input; activations need none.
fn normalisation(
    input: &Input,
    probe: Option<&ProbeSet>,
    choice: &NormalisationChoice,
) -> Result<Option<Normalisation>, DataError> {
    let (Input::Network { network, .. }, Some(probe)) = (input, probe) else { return Ok(None) };
    choice.resolve(network.normalisation(), probe).map(Some)
}

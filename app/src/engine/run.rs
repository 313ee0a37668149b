//! One run.

use std::cell::Cell;

use repgeo_core::data::{DataError, Normalisation, ProbeSet};
use repgeo_core::similarity;
use repgeo_core::study::{self, Budget, Input, Study, StudyError, Watcher as _};

use super::device::Devices;
use super::holdings::Holdings;
use super::port;
use super::watcher::RunWatcher;
use crate::protocol::{Adapter, CompareSettings, Event, FileId, NormalisationChoice, RunId};

/// The most memory that a study may plan for: a module cannot hold much more than 2 GB in one piece, nor 4 GB in all.
const MEMORY: u64 = 2_000_000_000;
/// The most memory that is kept of layers for later questions.
const KEPT: u64 = 600_000_000;

/// The last study, whose layers are kept, and what it was asked for.
pub(super) struct Kept {
    settings: CompareSettings,
    study: Study,
}

/// Compares, and tells the interface how it ended. Questions about layers that are kept are put to them.
pub(super) async fn compare(
    holdings: &mut Holdings,
    devices: &mut Devices,
    kept: &mut Option<Kept>,
    run: RunId,
    settings: &CompareSettings,
    cancelled: &Cell<Option<RunId>>,
) {
    if let Some(own) = kept.as_mut().filter(|own| own.settings.has_layers_of(settings)) {
        match ask(&mut own.study, run, settings, cancelled).await {
            // What was not kept, or a device lost, is computed again.
            Err(StudyError::NotKept { .. } | StudyError::Layer { .. }) => {}
            result => return port::tell(end(run, result.map(|()| &own.study))),
        }
    }
    // What was kept makes room.
    *kept = None;
    let inputs = match take_inputs(holdings, settings) {
        Ok(inputs) => inputs,
        Err(reason) => return port::tell(Event::Failed { run, reason }),
    };
    let (ids, mut inputs): (Vec<FileId>, Vec<Input>) = inputs.into_iter().unzip();
    let probe = holdings.probe.as_ref().map(|(_, probe)| probe);
    let result = match prepare(&mut inputs, probe, run, cancelled).await {
        Ok(()) => run_on(devices, &inputs, probe, run, settings, cancelled).await,
        Err(error) => Err(error),
    };
    holdings.inputs.extend(ids.into_iter().zip(inputs));
    port::tell(end(run, result.as_ref().map_err(Clone::clone)));
    *kept = result.ok().map(|study| Kept { settings: settings.clone(), study });
}

/// Settles which network each input is.
async fn prepare(
    inputs: &mut [Input],
    probe: Option<&ProbeSet>,
    run: RunId,
    cancelled: &Cell<Option<RunId>>,
) -> Result<(), StudyError> {
    let watcher = RunWatcher::new(run, cancelled);
    for input in inputs {
        study::prepare(input, probe, &watcher).await?;
    }
    Ok(())
}

/// Puts further questions to the layers of a study, also of how sure values are.
async fn ask(
    study: &mut Study,
    run: RunId,
    settings: &CompareSettings,
    cancelled: &Cell<Option<RunId>>,
) -> Result<(), StudyError> {
    let watcher = RunWatcher::new(run, cancelled);
    for input in 0..settings.files.len() {
        watcher.layers(input, &study.layer_names(input));
    }
    let mut result = study.calibrate(settings.spec.null, &watcher).await;
    if result.is_ok() {
        result = study.resample(settings.spec.bootstrap, &watcher).await;
    }
    for question in &settings.spec.questions {
        if result.is_err() {
            break;
        }
        result = study.ask(question, &watcher).await;
    }
    watcher.flush();
    result
}

fn end(run: RunId, result: Result<&Study, StudyError>) -> Event {
    match result.and_then(|study| Ok((study.report()?, keeps(study)))) {
        Ok((comparison, kept)) => {
            Event::Done { run, comparison: Box::new(comparison), memory: port::memory_bytes(), kept }
        }
        Err(StudyError::Cancelled(_)) => Event::Cancelled { run },
        Err(error) => Event::Failed { run, reason: error.to_string() },
    }
}

/// The measures that can be asked without running a network again.
fn keeps(study: &Study) -> Vec<String> {
    let measures = similarity::cards().into_iter().filter_map(|card| similarity::find(card.id).ok());
    measures.filter(|measure| study.keeps(measure)).map(|measure| measure.id).collect()
}

/// On the chosen device; on what takes over when the device gives up.
async fn run_on(
    devices: &mut Devices,
    inputs: &[Input],
    probe: Option<&ProbeSet>,
    run: RunId,
    settings: &CompareSettings,
    cancelled: &Cell<Option<RunId>>,
) -> Result<Study, StudyError> {
    let budget = Budget { memory: Some(MEMORY), kept: KEPT };
    loop {
        let watcher = RunWatcher::new(run, cancelled);
        let result = study::compare(inputs, probe, &settings.spec, budget, devices.engine(), &watcher).await;
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
    for (id, wanted) in settings.files.iter().zip(&settings.spec.inputs) {
        let Some(input) = holdings.inputs.get(id) else {
            return Err(format!("{} is no longer there; choose it again.", wanted.name));
        };
        let normalisation = normalisation(input, probe, &settings.normalisation).map_err(|error| error.to_string())?;
        normalisations.push(normalisation);
    }
    let mut inputs = Vec::new();
    for ((id, wanted), chosen) in settings.files.iter().zip(&settings.spec.inputs).zip(normalisations) {
        let Some(mut input) = holdings.inputs.remove(id) else { continue };
        match &mut input {
            Input::Network { name, normalisation, .. } => {
                name.clone_from(&wanted.name);
                if let Some(chosen) = chosen {
                    *normalisation = chosen;
                }
            }
            Input::Activations { name, .. } => name.clone_from(&wanted.name),
        }
        inputs.push((*id, input));
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

//! The study itself.

use std::borrow::Cow;
use std::sync::Arc;

use super::collector::{Collector, Findings};
use super::input::unique;
use super::samples::{Sampled, are_positions, check};
use super::watch::Monotone;
use super::{Comparison, DeviceRecord, Input, ProbeRecord, SCHEMA_VERSION, Settings, StudyError, Warning, Watcher};
use crate::activation::{Engine, Representation, graph_for, represent_graph};
use crate::data::{ProbeSet, SampleIds};
use crate::model::Graph;
use crate::similarity::{self, AnyMeasure};
use crate::supervise::Stage;

/// Compares every layer of every input with every layer of every other, by every measure.
///
/// Networks are run on the chosen samples one after another, and of each layer only what the measures prepare is kept. A
/// layer is compared with all layers of the earlier inputs as soon as it is there, so that maps fill while the second
/// network still runs. Activations must be of the same samples, in the same order.
///
/// # Errors
/// [`StudyError`]. A layer or a pair of layers that has no value is no error: its cells say why.
pub async fn compare(
    inputs: &[Input],
    probe: Option<&ProbeSet>,
    settings: &Settings,
    engine: &Engine,
    watcher: &impl Watcher,
) -> Result<Comparison, StudyError> {
    if inputs.len() < 2 {
        return Err(StudyError::TooFewInputs { found: inputs.len() });
    }
    let measures = measures(settings)?;
    let names = unique(inputs.iter().map(Input::name));
    let probe = chosen_probe(inputs, probe, settings)?;
    let samples = agreed_samples(inputs, &names, probe.as_ref())?;
    let plans = plans(inputs, &names, probe.as_ref())?;

    let watcher = Monotone::new(watcher);
    for (input, plan) in plans.iter().enumerate() {
        watcher.layers(input, &plan.layers);
    }
    let mut collector = Collector::new(&names, &measures, &watcher, remarks(inputs, &names));
    for (index, ((input, name), plan)) in inputs.iter().zip(&names).zip(&plans).enumerate() {
        let portion = (index as f64 / inputs.len() as f64, 1.0 / inputs.len() as f64);
        match (input, &plan.run) {
            (Input::Network { network, normalisation, .. }, Some((graph, probe))) => {
                let collect = async |layer: Representation| collector.add(index, Cow::Owned(layer)).await;
                let (state, policy) = (&network.state, settings.row_policy);
                let run = represent_graph(
                    name,
                    graph,
                    state,
                    probe,
                    normalisation,
                    policy,
                    engine,
                    &watcher,
                    portion,
                    collect,
                );
                run.await?;
            }
            (Input::Network { .. }, None) => return Err(StudyError::NoProbe { input: name.clone() }),
            (Input::Activations { file, .. }, _) => {
                let count = file.representations.len().max(1) as f64;
                for (layer, representation) in file.representations.iter().enumerate() {
                    let fraction = portion.0 + portion.1 * layer as f64 / count;
                    watcher.at_least(fraction, Stage::Prepare, name, &representation.layer);
                    collector.add(index, Cow::Borrowed(representation)).await?;
                }
            }
        }
    }
    watcher.at_least(1.0, Stage::Compare, "", "");

    let Findings { layers, measures, warnings } = collector.finish();
    let records = inputs.iter().zip(&names).zip(layers);
    Ok(Comparison {
        schema_version: SCHEMA_VERSION,
        generator: format!("repgeo {}", env!("CARGO_PKG_VERSION")),
        inputs: records.map(|((input, name), layers)| input.record(name, layers)).collect(),
        probe: probe_record(inputs, probe.as_ref(), &samples, settings),
        device: device_record(engine),
        measures,
        warnings,
    })
}

fn device_record(engine: &Engine) -> DeviceRecord {
    DeviceRecord {
        engine: engine.id().to_owned(),
        description: engine.description(),
        precision: "f32 networks, f64 measures".to_owned(),
    }
}

fn measures(settings: &Settings) -> Result<Vec<&'static dyn AnyMeasure>, StudyError> {
    let mut ids: Vec<&String> = Vec::new();
    for id in &settings.measures {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        return Err(StudyError::NoMeasure);
    }
    ids.into_iter().map(|id| Ok(similarity::find(id)?)).collect()
}

/// The chosen samples of the probe set, where a network needs them.
fn chosen_probe(
    inputs: &[Input],
    probe: Option<&ProbeSet>,
    settings: &Settings,
) -> Result<Option<ProbeSet>, StudyError> {
    let needed = inputs.iter().any(|input| matches!(input, Input::Network { .. }));
    match probe {
        Some(probe) if needed => Ok(Some(probe.select(settings.count, settings.subset)?)),
        _ => Ok(None),
    }
}

/// The samples that all inputs have.
fn agreed_samples(inputs: &[Input], names: &[String], probe: Option<&ProbeSet>) -> Result<Arc<SampleIds>, StudyError> {
    let mut all: Vec<(&str, Arc<SampleIds>)> = Vec::new();
    for (input, name) in inputs.iter().zip(names) {
        match (input, probe) {
            (Input::Network { .. }, Some(probe)) => all.push((name, Arc::clone(&probe.samples))),
            (Input::Network { .. }, None) => return Err(StudyError::NoProbe { input: name.clone() }),
            (Input::Activations { file, .. }, _) => {
                all.extend(file.representations.iter().map(|layer| (name.as_str(), Arc::clone(&layer.samples))));
            }
        }
    }
    let sampled: Vec<Sampled<'_>> = all.iter().map(|(input, samples)| Sampled { input, samples }).collect();
    check(&sampled)?;
    all.into_iter()
        .next()
        .map(|(_, samples)| samples)
        .ok_or_else(|| StudyError::NoLayers { input: names.first().cloned().unwrap_or_default() })
}

/// What will be done with an input.
struct Plan<'a> {
    layers: Vec<String>,
    /// For a network: what is run, and on which images.
    run: Option<(Graph, &'a ProbeSet)>,
}

fn plans<'a>(inputs: &[Input], names: &[String], probe: Option<&'a ProbeSet>) -> Result<Vec<Plan<'a>>, StudyError> {
    let plan = |(input, name): (&Input, &String)| {
        let plan = match (input, probe) {
            (Input::Network { network, .. }, Some(probe)) => {
                let graph = graph_for(network, probe)?;
                Plan { layers: graph.taps.iter().map(|tap| tap.name.clone()).collect(), run: Some((graph, probe)) }
            }
            (Input::Network { .. }, None) => return Err(StudyError::NoProbe { input: name.clone() }),
            (Input::Activations { file, .. }, _) => {
                Plan { layers: file.representations.iter().map(|layer| layer.layer.clone()).collect(), run: None }
            }
        };
        if plan.layers.is_empty() { Err(StudyError::NoLayers { input: name.clone() }) } else { Ok(plan) }
    };
    inputs.iter().zip(names).map(plan).collect()
}

/// What a reader should know before anything is computed.
fn remarks(inputs: &[Input], names: &[String]) -> Vec<Warning> {
    let mut remarks = Vec::new();
    for (input, name) in inputs.iter().zip(names) {
        let mut remark = |message: String| remarks.push(Warning { input: Some(name.clone()), layer: None, message });
        match input {
            Input::Network { network, .. } => {
                network.remarks().into_iter().chain(network.notes()).for_each(&mut remark);
            }
            Input::Activations { file, .. } => {
                if file.representations.first().is_some_and(|layer| are_positions(&layer.samples)) {
                    remark(
                        "the file does not name its samples; its rows are taken to be in the order of the others"
                            .to_owned(),
                    );
                }
            }
        }
    }
    remarks
}

fn probe_record(inputs: &[Input], probe: Option<&ProbeSet>, samples: &SampleIds, settings: &Settings) -> ProbeRecord {
    let first_file = inputs.iter().find_map(|input| match input {
        Input::Activations { file, .. } => Some((file.file.clone(), file.representations.first()?.row_policy)),
        Input::Network { .. } => None,
    });
    let (name, row_policy) = match (probe, first_file) {
        (Some(probe), _) => (probe.name.clone(), settings.row_policy),
        (None, Some(file)) => file,
        (None, None) => (String::new(), settings.row_policy),
    };
    ProbeRecord {
        name,
        samples: samples.ids.len(),
        subset: probe.map(|_| settings.subset),
        shape: probe.map(|probe| probe.shape),
        content: samples.content.clone(),
        row_policy,
    }
}

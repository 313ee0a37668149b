//! What the engine holds: networks, activations, checkpoints that wait for an architecture, and the probe set.

use std::collections::BTreeMap;

use repgeo_core::activation::ActivationFile;
use repgeo_core::checkpoint::{self, Checkpoint, Fault, Network};
use repgeo_core::data::{self, Normalisation, ProbeSet};
use repgeo_core::file::{self, NamedBytes};
use repgeo_core::model::Architecture;
use repgeo_core::study::{self, Input, OpenError};

use super::summary;
use crate::protocol::{Event, FileId, Purpose};

/// The files that were read.
#[derive(Default)]
pub struct Holdings {
    /// Networks and activations as a study takes them; the name and normalisation are set for each study.
    pub inputs: BTreeMap<FileId, Input>,
    /// Checkpoints whose architecture is not known.
    unknown: BTreeMap<FileId, Checkpoint>,
    /// The probe set and the files that it was made of.
    pub probe: Option<(Vec<FileId>, ProbeSet)>,
}

/// What a file turned out to be when it was read as a network or activations.
enum Recognised {
    Input(Box<Input>),
    Unknown(Box<Checkpoint>, String),
    /// Neither; why, for a file of a container that is known.
    Neither(Option<String>),
}

impl Holdings {
    /// Recognises files by their content, and says what became of each.
    pub fn open(&mut self, files: Vec<(FileId, NamedBytes)>, purpose: Purpose) -> Vec<Event> {
        let mut events = Vec::new();
        let mut rest = Vec::new();
        for (id, file) in files {
            let recognised = match purpose {
                Purpose::Probe => Recognised::Neither(None),
                // Arrays may be images or activations: images first, they say so by their shape.
                Purpose::Any if file::recognise(&file.bytes).holds_arrays() => Recognised::Neither(None),
                Purpose::Any | Purpose::Input => recognise(&file),
            };
            match recognised {
                Recognised::Input(input) => events.push(self.hold(id, *input)),
                Recognised::Unknown(checkpoint, reason) => {
                    self.unknown.insert(id, *checkpoint);
                    events.push(Event::ArchitectureUnknown { id, reason });
                }
                Recognised::Neither(reason) if purpose == Purpose::Input => {
                    let reason = reason.unwrap_or_else(|| {
                        let expected = "expected a PyTorch checkpoint, safetensors, burnpack, .npz or .npy";
                        format!("{}: neither a network nor activations; {expected}", file.name)
                    });
                    events.push(Event::Refused { id, reason });
                }
                Recognised::Neither(reason) => rest.push((id, file, reason)),
            }
        }
        if !rest.is_empty() {
            events.extend(self.open_probe(rest, purpose));
        }
        events
    }

    /// Reads the files together as one probe set; where that fails and they may be something else, one by one.
    fn open_probe(&mut self, files: Vec<(FileId, NamedBytes, Option<String>)>, purpose: Purpose) -> Vec<Event> {
        let (mut ids, mut named, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
        for (id, file, reason) in files {
            ids.push(id);
            named.push(file);
            reasons.push(reason);
        }
        let error = match data::read_probe_set(&named) {
            Ok(probe) => return vec![self.hold_probe(ids, probe)],
            Err(error) => error.to_string(),
        };
        if purpose == Purpose::Probe {
            return ids.first().map(|&id| Event::Refused { id, reason: error }).into_iter().collect();
        }
        let mut events = Vec::new();
        let several = named.len() > 1;
        for ((id, file), reason) in ids.into_iter().zip(named).zip(reasons) {
            let alone = if several {
                data::read_probe_set(std::slice::from_ref(&file)).map_err(|error| error.to_string())
            } else {
                Err(error.clone())
            };
            events.push(match (alone, recognise(&file)) {
                (Ok(probe), _) => self.hold_probe(vec![id], probe),
                (Err(_), Recognised::Input(input)) => self.hold(id, *input),
                (Err(images), Recognised::Neither(arrays)) => {
                    Event::Refused { id, reason: reason.or(arrays).unwrap_or(images) }
                }
                (Err(images), Recognised::Unknown(..)) => Event::Refused { id, reason: reason.unwrap_or(images) },
            });
        }
        events
    }

    /// Reads a checkpoint as the architecture that the user gave.
    pub fn describe(&mut self, id: FileId, architecture: Architecture) -> Vec<Event> {
        let Some(checkpoint) = self.unknown.get(&id).cloned() else { return Vec::new() };
        match checkpoint::load(checkpoint, Some(architecture)) {
            Ok(network) => {
                self.unknown.remove(&id);
                vec![self.hold(id, input_of(network))]
            }
            Err(error) => vec![Event::ArchitectureUnknown { id, reason: error.to_string() }],
        }
    }

    /// Forgets a file.
    pub fn remove(&mut self, id: FileId) {
        self.inputs.remove(&id);
        self.unknown.remove(&id);
        if self.probe.as_ref().is_some_and(|(ids, _)| ids.contains(&id)) {
            self.probe = None;
        }
    }

    fn hold(&mut self, id: FileId, input: Input) -> Event {
        let summary = summary::of_input(&input);
        self.inputs.insert(id, input);
        Event::Loaded { id, summary }
    }

    fn hold_probe(&mut self, ids: Vec<FileId>, probe: ProbeSet) -> Event {
        let summary = summary::of_probe(&probe);
        self.probe = Some((ids.clone(), probe));
        Event::ProbeLoaded { ids, summary }
    }
}

/// Reads a file as a network or as activations.
fn recognise(file: &NamedBytes) -> Recognised {
    let error = match study::open(file) {
        Ok(study::Opened::Network(network)) => return Recognised::Input(Box::new(input_of(*network))),
        Ok(study::Opened::Activations(activations)) => return Recognised::Input(Box::new(activations_of(activations))),
        Err(error) => error,
    };
    let fault = match &error {
        OpenError::Checkpoint(error) => Some(&*error.fault),
        OpenError::Activations(_) => None,
    };
    match (fault, checkpoint::read(file)) {
        (Some(Fault::NotInferred(_)), Ok(checkpoint)) => Recognised::Unknown(Box::new(checkpoint), error.to_string()),
        (Some(Fault::Unrecognised { .. }), _) => Recognised::Neither(None),
        _ => Recognised::Neither(Some(error.to_string())),
    }
}

fn input_of(network: Network) -> Input {
    let normalisation = Normalisation { name: "none".to_owned(), mean: Vec::new(), std: Vec::new() };
    Input::Network { name: String::new(), network, normalisation }
}

fn activations_of(file: ActivationFile) -> Input {
    Input::Activations { name: String::new(), file }
}

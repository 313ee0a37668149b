//! What the engine holds: networks, activations, checkpoints that wait for an architecture, and the probe set.

use std::collections::BTreeMap;

use repgeo_core::activation::ActivationFile;
use repgeo_core::checkpoint::{self, Checkpoint, Fault, Network};
use repgeo_core::data::{self, Normalisation, ProbeSet};
use repgeo_core::file::{self, Kind, NamedBytes, ZipContent};
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

/// A selection of files that is being read, one after the other.
pub struct Opening {
    purpose: Purpose,
    /// What may be part of a probe set, with the reason why it is nothing else; held until all files were read.
    rest: Vec<(FileId, NamedBytes, Option<String>)>,
}

impl Opening {
    /// A selection of which nothing was read yet.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        Self { purpose, rest: Vec::new() }
    }
}

impl Holdings {
    /// Recognises the next file of a selection by its content, and says what became of it; nothing as long as it may be
    /// part of a probe set.
    pub fn take(&mut self, opening: &mut Opening, id: FileId, file: NamedBytes) -> Option<Event> {
        let recognised = match opening.purpose {
            Purpose::Probe => Recognised::Neither(None),
            // Arrays may be images or activations: images first, they say so by their shape.
            Purpose::Any if file::recognise(&file.bytes).holds_arrays() => Recognised::Neither(None),
            Purpose::Any | Purpose::Input => recognise(&file),
        };
        match recognised {
            Recognised::Input(input) => Some(self.hold(id, *input)),
            Recognised::Unknown(checkpoint, reason) => {
                self.unknown.insert(id, *checkpoint);
                Some(Event::ArchitectureUnknown { id, reason })
            }
            Recognised::Neither(reason) if opening.purpose == Purpose::Input => {
                let reason = reason.unwrap_or_else(|| {
                    let expected = "expected a PyTorch checkpoint, safetensors, burnpack, .npz or .npy";
                    format!("{}: neither a network nor activations; {expected}", file.name)
                });
                Some(Event::Refused { id, reason })
            }
            Recognised::Neither(reason) => {
                opening.rest.push((id, file, reason));
                None
            }
        }
    }

    /// All files of a selection were read: those that are held become a probe set, and it says what became of each.
    pub fn finish(&mut self, opening: Opening) -> Vec<Event> {
        let Opening { purpose, rest } = opening;
        if rest.is_empty() { Vec::new() } else { self.open_probe(rest, purpose) }
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
        match summary::of_input(&input) {
            Ok(summary) => {
                self.inputs.insert(id, input);
                Event::Loaded { id, summary }
            }
            Err(error) => Event::Refused { id, reason: error.to_string() },
        }
    }

    /// Of one file at least.
    fn hold_probe(&mut self, ids: Vec<FileId>, probe: ProbeSet) -> Event {
        match summary::of_probe(&probe) {
            Ok(summary) => {
                self.probe = Some((ids.clone(), probe));
                Event::ProbeLoaded { ids, summary }
            }
            Err(reason) => Event::Refused { id: ids[0], reason },
        }
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
        (Some(Fault::Unrecognised { .. }), _) if !is_foreign(file) => Recognised::Neither(None),
        _ => Recognised::Neither(Some(error.to_string())),
    }
}

/// Whether another program wrote it, which its error names.
fn is_foreign(file: &NamedBytes) -> bool {
    matches!(file::recognise(&file.bytes), Kind::Foreign(_) | Kind::Zip(ZipContent::Foreign(_)))
}

fn input_of(network: Network) -> Input {
    let normalisation = Normalisation { name: "none".to_owned(), mean: Vec::new(), std: Vec::new() };
    Input::Network { name: String::new(), network, normalisation }
}

fn activations_of(file: ActivationFile) -> Input {
    Input::Activations { name: String::new(), file }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: &[u8] = include_bytes!("../../../static/networks/mlp-seed0.safetensors");
    const IMAGES: &[u8] = include_bytes!("../../../static/probes/fashion-mnist-test-2000-images-idx3-ubyte.gz");

    fn file(name: &str, bytes: &[u8]) -> NamedBytes {
        NamedBytes { name: name.to_owned(), bytes: bytes.to_vec() }
    }

    #[test]
    fn only_what_may_be_part_of_a_probe_set_is_held_until_the_last_file() {
        let (mut holdings, mut opening) = (Holdings::default(), Opening::new(Purpose::Any));
        assert_eq!(holdings.take(&mut opening, 1, file("images", IMAGES)), None);
        let loaded = holdings.take(&mut opening, 2, file("a.safetensors", NETWORK));
        assert!(matches!(loaded, Some(Event::Loaded { id: 2, .. })), "{loaded:?}");
        let held: Vec<FileId> = opening.rest.iter().map(|(id, ..)| *id).collect();
        assert_eq!(held, [1]);

        let events = holdings.finish(opening);
        assert!(matches!(&events[..], [Event::ProbeLoaded { ids, .. }] if *ids == [1]), "{events:?}");
        assert!(holdings.inputs.contains_key(&2));
    }

    #[test]
    fn what_is_no_network_is_refused_at_once_when_networks_were_chosen() {
        let (mut holdings, mut opening) = (Holdings::default(), Opening::new(Purpose::Input));
        let refused = holdings.take(&mut opening, 1, file("images", IMAGES));
        assert!(matches!(refused, Some(Event::Refused { id: 1, .. })), "{refused:?}");
        assert_eq!(holdings.finish(opening), []);
    }
    #[test]
    fn a_file_of_another_program_is_called_what_it_is() {
        for purpose in [Purpose::Any, Purpose::Input] {
            let (mut holdings, mut opening) = (Holdings::default(), Opening::new(purpose));
            let taken = holdings.take(&mut opening, 1, file("net.onnx", b"\x08\x08\x12\x07pytorch\x3a\x02\x12\x00"));
            let events = taken.into_iter().chain(holdings.finish(opening)).collect::<Vec<_>>();
            let [Event::Refused { id: 1, reason }] = &events[..] else { panic!("{events:?}") };
            assert!(reason.contains("an ONNX model: export"), "{reason}");
        }
    }
}

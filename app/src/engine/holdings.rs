//! What the engine holds: networks, activations, checkpoints that wait for an architecture, and the probe set.

use std::collections::BTreeMap;

use repgeo_core::activation::ActivationFile;
use repgeo_core::checkpoint::{self, Checkpoint, CheckpointError, Fault, Network, Reading};
use repgeo_core::data::{self, DataError, Normalisation, Preparation, ProbeSet};
use repgeo_core::file::{self, Kind, NamedBytes, ZipContent};
use repgeo_core::model::Architecture;
use repgeo_core::study::{self, Input, OpenError};

use super::shards::{self, Held, Sharded};
use super::summary;
use crate::protocol::{Event, FileId, Purpose};

/// The files that were read.
#[derive(Default)]
pub struct Holdings {
    /// Networks and activations as a study takes them; the name and normalisation are set for each study.
    pub inputs: BTreeMap<FileId, Input>,
    /// Checkpoints whose architecture is not known, and how else they are read.
    unknown: BTreeMap<FileId, (Checkpoint, Reading)>,
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
    preparation: Preparation,
    /// What may be part of a probe set, with the reason why it is nothing else; held until all files were read.
    rest: Vec<(FileId, NamedBytes, Option<String>)>,
    /// What may be one network with other files; held until all files were read.
    shards: Vec<Held>,
}

impl Opening {
    /// A selection of which nothing was read yet.
    #[must_use]
    pub fn new(purpose: Purpose, preparation: Preparation) -> Self {
        Self { purpose, preparation, rest: Vec::new(), shards: Vec::new() }
    }

    /// What the files were chosen as.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }
}

impl Holdings {
    /// Recognises the next file of a selection by its content, reads it as the user said, and says what became of it;
    /// nothing as long as it may be part of a probe set or of a network that is split over several files.
    pub fn take(&mut self, opening: &mut Opening, id: FileId, file: NamedBytes, reading: Reading) -> Option<Event> {
        if opening.purpose != Purpose::Probe && shards::belongs_to_others(&file) {
            opening.shards.push(Held { id, file, reading });
            return None;
        }
        let recognised = match opening.purpose {
            Purpose::Probe => Recognised::Neither(None),
            // Arrays may be images or activations: images first, they say so by their shape.
            Purpose::Any if file::recognise(&file.bytes).holds_arrays() => Recognised::Neither(None),
            Purpose::Any | Purpose::Input => recognise(&file, &reading),
        };
        match recognised {
            Recognised::Input(input) => Some(self.hold(id, *input)),
            Recognised::Unknown(checkpoint, reason) => Some(self.wait(id, (*checkpoint, reading), reason)),
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

    /// All files of a selection were read: those that are held become networks and a probe set, and it says what became of
    /// each.
    pub fn finish(&mut self, opening: Opening) -> Vec<Event> {
        let Opening { purpose, preparation, rest, shards } = opening;
        let mut events = self.open_shards(shards);
        if !rest.is_empty() {
            events.extend(self.open_probe(rest, purpose, preparation));
        }
        events
    }

    /// Reads networks that are split over several files; a shard without the others is refused.
    fn open_shards(&mut self, held: Vec<Held>) -> Vec<Event> {
        let mut events = Vec::new();
        let (networks, left) = shards::grouped(held);
        for network in networks {
            let ids = network.ids();
            let Some(&id) = ids.first() else { continue };
            let reading = network.reading();
            events.push(Event::Joined { ids, name: network.name() });
            events.push(match recognise_shards(network, &reading) {
                Recognised::Input(input) => self.hold(id, *input),
                Recognised::Unknown(checkpoint, reason) => self.wait(id, (*checkpoint, reading), reason),
                Recognised::Neither(reason) => Event::Refused { id, reason: reason.unwrap_or_else(unknown) },
            });
        }
        for (Held { id, file, reading }, reason) in left {
            let reason = reason.or_else(|| match recognise(&file, &reading) {
                Recognised::Neither(reason) => reason,
                Recognised::Unknown(_, reason) => Some(reason),
                Recognised::Input(_) => None,
            });
            events.push(Event::Refused { id, reason: reason.unwrap_or_else(unknown) });
        }
        events
    }

    /// Keeps a checkpoint until its architecture is given.
    fn wait(&mut self, id: FileId, checkpoint: (Checkpoint, Reading), reason: String) -> Event {
        self.unknown.insert(id, checkpoint);
        Event::ArchitectureUnknown { id, reason }
    }

    /// Reads the files together as one probe set; where that fails and they may be something else, one by one.
    fn open_probe(
        &mut self,
        files: Vec<(FileId, NamedBytes, Option<String>)>,
        purpose: Purpose,
        preparation: Preparation,
    ) -> Vec<Event> {
        let (mut ids, mut named, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
        for (id, file, reason) in files {
            ids.push(id);
            named.push(file);
            reasons.push(reason);
        }
        let together = match data::read_prepared(&named, preparation) {
            Ok(probe) if purpose == Purpose::Probe || !may_be_maps(&probe) => return vec![self.hold_probe(ids, probe)],
            Err(error) if purpose == Purpose::Probe => {
                return ids.first().map(|&id| Event::Refused { id, reason: error.to_string() }).into_iter().collect();
            }
            together => together,
        };
        let mut events = Vec::new();
        let several = named.len() > 1;
        for ((id, file), reason) in ids.into_iter().zip(named).zip(reasons) {
            let alone =
                if several { data::read_prepared(std::slice::from_ref(&file), preparation) } else { together.clone() };
            // A reason says that it was read as a network in vain already.
            let other = if reason.is_some() || alone.as_ref().is_ok_and(|probe| !may_be_maps(probe)) {
                Recognised::Neither(None)
            } else {
                recognise(&file, &Reading::default())
            };
            events.push(match (alone, other) {
                (Ok(probe), Recognised::Input(input)) if may_be_maps(&probe) => self.hold(id, *input),
                (Ok(probe), _) => self.hold_probe(vec![id], probe),
                (Err(_), Recognised::Input(input)) => self.hold(id, *input),
                (Err(images), _) if is_about_images(&images, &file) => {
                    Event::Refused { id, reason: images.to_string() }
                }
                (Err(images), Recognised::Neither(arrays)) => {
                    Event::Refused { id, reason: reason.or(arrays).unwrap_or_else(|| images.to_string()) }
                }
                (Err(images), Recognised::Unknown(..)) => {
                    Event::Refused { id, reason: reason.unwrap_or_else(|| images.to_string()) }
                }
            });
        }
        events
    }

    /// Reads a checkpoint as the architecture that the user gave in JSON.
    pub fn describe(&mut self, id: FileId, architecture: &str) -> Vec<Event> {
        let architecture: Architecture = match serde_json::from_str(architecture) {
            Ok(architecture) => architecture,
            Err(error) => {
                let reason = format!("The description cannot be read: {error}");
                return vec![Event::ArchitectureUnknown { id, reason }];
            }
        };
        let Some((checkpoint, reading)) = self.unknown.get(&id).cloned() else { return Vec::new() };
        let reading = Reading { architecture: Some(architecture), ..reading };
        match checkpoint::load(checkpoint, &reading) {
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

/// What is said where no reader says more.
fn unknown() -> String {
    "neither a network nor activations".to_owned()
}

/// Reads shards as a network.
fn recognise_shards(network: Sharded, reading: &Reading) -> Recognised {
    let Sharded { index, shards } = network;
    let index = index.map(|held| held.file);
    let files: Vec<NamedBytes> = shards.into_iter().map(|held| held.file).collect();
    let read = || checkpoint::read_sharded(index.as_ref(), &files);
    match read().and_then(|checkpoint| checkpoint::load(checkpoint, reading)) {
        Ok(network) => Recognised::Input(Box::new(input_of(network))),
        Err(error) => unread(&error, false, read),
    }
}

/// A checkpoint that is no network: one whose architecture the user may know, or none.
fn unread(
    error: &CheckpointError,
    foreign: bool,
    again: impl FnOnce() -> Result<Checkpoint, CheckpointError>,
) -> Recognised {
    match *error.fault {
        ref fault if fault.is_not_inferred() => match again() {
            Ok(checkpoint) => Recognised::Unknown(Box::new(checkpoint), error.to_string()),
            Err(_) => Recognised::Neither(Some(error.to_string())),
        },
        Fault::Unrecognised { .. } if !foreign => Recognised::Neither(None),
        _ => Recognised::Neither(Some(error.to_string())),
    }
}

/// Reads a file as a network or as activations.
fn recognise(file: &NamedBytes, reading: &Reading) -> Recognised {
    match study::open_as(file, reading) {
        Ok(study::Opened::Network(network)) => Recognised::Input(Box::new(input_of(*network))),
        Ok(study::Opened::Activations(activations)) => Recognised::Input(Box::new(activations_of(activations))),
        Err(OpenError::Checkpoint(error)) => unread(&error, is_foreign(file), || checkpoint::read_as(file, reading)),
        Err(error @ OpenError::Activations(_)) => Recognised::Neither(Some(error.to_string())),
    }
}

/// Whether what is wrong is an image in an archive: that the archive is no network then helps nobody. Tar archives of
/// PyTorch hold files that no reader of images knows.
fn is_about_images(error: &DataError, archive: &NamedBytes) -> bool {
    let inside = error.to_string().strip_prefix(&archive.name).is_some_and(|rest| rest.starts_with('/'));
    let kind = file::recognise(&archive.bytes);
    let known = !matches!(error, DataError::Unrecognised { .. });
    inside && !kind.holds_arrays() && (known || kind == Kind::Zip(ZipContent::Other))
}

/// Whether images have other channels than pictures do: arrays that were not chosen as images are feature maps then.
fn may_be_maps(probe: &ProbeSet) -> bool {
    !matches!(probe.shape.channels, 1 | 3)
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
mod tests;

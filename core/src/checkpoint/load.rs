//! From named tensors to a network.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::container::Container;
use super::error::{CheckpointError, Fault};
use super::metadata::Metadata;
use super::nearest::{nearest, with_nearest};
use super::normaliser::take_normaliser;
use super::part;
use super::read::{Checkpoint, Unusable};
use super::reading::Reading;
use super::reparametrised::compute_weights;
use super::report::{Absent, LoadReport, Misshaped};
use super::settled::Settled;
use super::take::{Aside, shapes, take_part};
use super::tensor::Precision;
use crate::Sha256Digest;
use crate::data::Normalisation;
use crate::model::{Architecture, Assumption, Choices, InferenceError, Modules, StateDict, TensorShapes, own_classes};

/// Where the architecture of a network comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArchitectureOrigin {
    /// The caller said it.
    Given,
    /// The file says it.
    Metadata,
    /// From names and shapes of the tensors.
    Inferred,
}

/// A network: its architecture and all tensors that it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// What is computed.
    pub architecture: Architecture,
    /// Who said so.
    pub origin: ArchitectureOrigin,
    /// The tensors that the architecture needs, in PyTorch's names and layouts, and no others.
    pub state: StateDict,
    /// The formats that the file stores them in.
    pub precisions: BTreeMap<String, Precision>,
    /// What of the file was applied.
    pub report: LoadReport,
    /// What the file says about the training.
    pub metadata: Metadata,
    /// The file's name.
    pub file: String,
    /// The hash of the file's bytes.
    pub sha256: Sha256Digest,
    /// How the file is packed.
    pub container: Container,
    /// What was looked through, from the outermost on.
    pub wrappers: Vec<String>,
    /// Which weights were computed of other tensors, as their modules do before they run, one sentence for each way.
    pub computed: Vec<String>,
    /// All architectures that have these tensors and are what was said, the likeliest first.
    pub readings: Vec<Architecture>,
    /// The shapes of the tensors that these were inferred from.
    pub shapes: TensorShapes,
    /// What the file says of its modules.
    pub modules: Modules,
    /// What was said of what they leave open.
    pub choices: Choices,
    /// How it was settled for given images which of them it is; absent before.
    pub settled: Option<Settled>,
    /// Which of several networks in the file this is: what its tensors' names begin with, or the key that they are under.
    /// Absent where the file holds one.
    pub part: Option<String>,
    /// The other whole networks in the file in the same way: copies, or smaller ones.
    pub others: Vec<String>,
}

impl Network {
    /// How the images of the training were normalised, when the file says it.
    #[must_use]
    pub fn normalisation(&self) -> Option<Normalisation> {
        self.metadata.normalisation.clone()
    }

    /// What the file says about the network and its training, as texts by key.
    ///
    /// # Errors
    /// [`CheckpointError`] when a value cannot be written as JSON.
    pub(crate) fn metadata_texts(&self) -> Result<BTreeMap<String, String>, CheckpointError> {
        self.metadata.texts(&self.architecture).map_err(|fault| fault.of(&self.file))
    }

    /// What a user should look at in how the file was read, one sentence each: networks and tensors left aside.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let others = self.part.as_ref().filter(|_| !self.others.is_empty()).map(|part| {
            format!("of several networks in the file this is {part}; left aside: {}", self.others.join(", "))
        });
        others.into_iter().chain(self.own_classes()).chain(self.report.remark()).collect()
    }

    /// How the file was read, for the record, one sentence each: wrappers looked through, weights that were computed,
    /// and what an inferred architecture takes for granted.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.looked_through().into_iter().chain(self.computed.clone()).chain(self.assumptions()).collect()
    }

    /// The classes of layers that are not PyTorch's own, in one sentence, when the file names any.
    #[must_use]
    pub fn own_classes(&self) -> Option<String> {
        let own = own_classes(&self.modules);
        (!own.is_empty()).then(|| {
            format!("layers of the classes {} are not PyTorch's own and are computed as if they were", own.join(", "))
        })
    }

    /// The wrappers that were looked through, in one sentence, when there were any.
    #[must_use]
    pub fn looked_through(&self) -> Option<String> {
        (!self.wrappers.is_empty()).then(|| format!("looked through {}", self.wrappers.join(", ")))
    }

    /// What an inferred architecture takes for granted, one sentence each.
    #[must_use]
    pub fn assumptions(&self) -> Vec<String> {
        let sentence = |Assumption { key, value, sentence, .. }: Assumption| {
            (!sentence.is_empty()).then(|| format!("{sentence} ({key}={value})"))
        };
        match self.origin {
            ArchitectureOrigin::Inferred => self.architecture.assumptions().into_iter().filter_map(sentence).collect(),
            _ => Vec::new(),
        }
    }
}

/// Makes a network of a checkpoint. The architecture is that of the reading, else what the file's metadata says, else inferred
/// from names and shapes. Tensors that it does not need are left aside and reported.
///
/// # Errors
/// [`CheckpointError`] when no architecture fits, when tensors that it needs are missing or have other shapes (the fault
/// carries the [`LoadReport`]), or when metadata of this project is unusable.
pub fn load(mut checkpoint: Checkpoint, reading: &Reading) -> Result<Network, CheckpointError> {
    let file = checkpoint.file.clone();
    let computed = compute_weights(&mut checkpoint);
    let stored = take_normaliser(&mut checkpoint);
    let (checkpoint, aside) = take_part(checkpoint, reading).map_err(|fault| fault.of(&file))?;
    let Checkpoint {
        sha256, container, wrappers, mut state, order, mut precisions, unusable, modules, metadata, ..
    } = checkpoint;
    let shapes = shapes(&state, &unusable, &order);
    let parts = choose(&shapes, &modules, metadata, reading).and_then(|(readings, origin, metadata)| {
        let report = fit(&readings[0], &state, &unusable)?;
        Ok((readings, origin, metadata, report))
    });
    let of_part = |fault: Fault| fault.of_part(aside.part.as_deref(), &aside.networks).of(&file);
    let (readings, origin, mut metadata, mut report) = parts.map_err(of_part)?;
    let own = stored.as_ref().and_then(|stored| stored.of(readings[0].expected_input()));
    let unused = if own.is_some() { None } else { stored };
    metadata.normalisation = metadata.normalisation.or(own);
    for unexpected in &report.unexpected {
        state.remove(&unexpected.name);
        precisions.remove(&unexpected.name);
    }
    let left = unused.into_iter().flat_map(|stored| stored.tensors).chain(aside.tensors);
    report.unexpected.extend(left.map(|name| Absent { name, nearest: None }));
    let Aside { part, networks: others, .. } = aside;
    let architecture = readings[0].clone();
    Ok(Network {
        architecture,
        readings,
        shapes,
        modules,
        choices: reading.choices.clone(),
        settled: None,
        origin,
        state,
        precisions,
        report,
        metadata,
        file,
        sha256,
        container,
        wrappers,
        computed,
        part,
        others,
    })
}

/// The architectures that the tensors may be of, at least one, and who said so.
fn choose(
    shapes: &TensorShapes,
    modules: &Modules,
    texts: BTreeMap<String, String>,
    reading: &Reading,
) -> Result<(Vec<Architecture>, ArchitectureOrigin, Metadata), Fault> {
    let (stored, metadata) = Metadata::parse(texts)?;
    let (readings, origin) = match (&reading.architecture, stored) {
        (Some(architecture), _) => (vec![architecture.clone()], ArchitectureOrigin::Given),
        (None, Some(architecture)) => match reading.choices.iter().next() {
            None => (vec![architecture], ArchitectureOrigin::Metadata),
            Some((key, value)) => {
                let known = "nothing, since the file says its architecture".to_owned();
                let found = format!("{key}={value}");
                return Err(InferenceError::UnknownChoice { known, found, hint: String::new() }.into());
            }
        },
        (None, None) => {
            let mut readings = Architecture::readings(shapes, &reading.choices, modules)?;
            // Where none has all tensors, what is missing is said of the first.
            if readings.iter().any(|one| part::fits(one, shapes)) {
                readings.retain(|one| part::fits(one, shapes));
            }
            (readings, ArchitectureOrigin::Inferred)
        }
    };
    let architecture = &readings[0];
    if let (Some(normalisation), Some(channels)) = (&metadata.normalisation, architecture.expected_input().channels)
        && normalisation.mean.len() != channels
    {
        let expected = format!("one mean for each of {channels} channels");
        return Err(Fault::malformed("repgeo.normalisation", expected, normalisation.mean.len().to_string()));
    }
    Ok((readings, origin, metadata))
}

/// Compares the tensors that an architecture needs with those that are there.
///
/// # Errors
/// [`Fault::Incomplete`] when any is missing or has another shape, [`Fault::Architecture`] when it cannot be built, and the
/// fault of a tensor that is needed and cannot be used.
pub(super) fn fit(
    architecture: &Architecture,
    state: &StateDict,
    unusable: &BTreeMap<String, Unusable>,
) -> Result<LoadReport, Fault> {
    let parameters = architecture.parameters()?;
    let needed: BTreeMap<&str, &[usize]> = parameters.iter().map(|p| (p.name.as_str(), p.shape.as_slice())).collect();
    let all = state.keys().chain(unusable.keys()).map(String::as_str);
    let unused: Vec<&str> = all.filter(|name| !needed.contains_key(name)).collect();
    let mut applied = Vec::new();
    let mut missing = Vec::new();
    let mut misshaped = Vec::new();
    for parameter in &parameters {
        if let Some(Unusable { fault, .. }) = unusable.get(&parameter.name) {
            return Err(fault.clone());
        }
        match state.get(&parameter.name) {
            None => missing.push(parameter.name.as_str()),
            Some(found) if found.shape == parameter.shape => applied.push(parameter.name.clone()),
            Some(found) => {
                let of_that_shape =
                    |name: &&str| state.get(*name).is_some_and(|tensor| tensor.shape == parameter.shape);
                let candidates: Vec<&str> = unused.iter().copied().filter(of_that_shape).collect();
                misshaped.push(Misshaped {
                    name: parameter.name.clone(),
                    expected: parameter.shape.clone(),
                    found: found.shape.clone(),
                    nearest: nearest(&parameter.name, &candidates),
                });
            }
        }
    }
    let wanting: Vec<&str> = missing.iter().copied().chain(misshaped.iter().map(|other| other.name.as_str())).collect();
    let report = LoadReport {
        applied,
        unexpected: with_nearest(unused.iter().copied(), &wanting),
        missing: with_nearest(missing.iter().copied(), &unused),
        misshaped,
    };
    if report.is_complete() {
        match unused.iter().find_map(|name| Some((name, block_of(name, &needed)?))) {
            None => Ok(report),
            Some((tensor, block)) => {
                Err(Fault::Inside { tensor: (*tensor).to_owned(), block, architecture: architecture.describe() })
            }
        }
    } else {
        Err(Fault::Incomplete { architecture: architecture.describe(), report })
    }
}

/// The innermost module that a tensor which is not needed shares with one that is: there it would change what is computed.
fn block_of(unneeded: &str, needed: &BTreeMap<&str, &[usize]>) -> Option<String> {
    let shared =
        |block: &str| needed.keys().any(|name| name.strip_prefix(block).is_some_and(|rest| rest.starts_with('.')));
    let ends = unneeded.rmatch_indices('.').map(|(end, _)| &unneeded[..end]);
    ends.into_iter().find(|block| shared(block)).map(str::to_owned)
}

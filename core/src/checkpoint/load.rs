//! From named tensors to a network.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::container::Container;
use super::error::{CheckpointError, Fault};
use super::metadata::Metadata;
use super::nearest::{nearest, with_nearest};
use super::part;
use super::read::{Checkpoint, Unusable};
use super::reading::Reading;
use super::report::{Absent, LoadReport, Misshaped};
use super::settled::Settled;
use super::take::{Aside, shapes, take_part};
use super::tensor::Precision;
use crate::Sha256Digest;
use crate::data::Normalisation;
use crate::model::{Architecture, Assumption, Choices, InferenceError, Modules, StateDict, TensorShapes};

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
        others.into_iter().chain(self.report.remark()).collect()
    }

    /// How the file was read, for the record, one sentence each: wrappers looked through, and what an inferred
    /// architecture takes for granted.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.looked_through().into_iter().chain(self.assumptions()).collect()
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
pub fn load(checkpoint: Checkpoint, reading: &Reading) -> Result<Network, CheckpointError> {
    let file = checkpoint.file.clone();
    let (checkpoint, aside) = take_part(checkpoint, reading).map_err(|fault| fault.of(&file))?;
    let Checkpoint {
        sha256, container, wrappers, mut state, order, mut precisions, unusable, modules, metadata, ..
    } = checkpoint;
    let shapes = shapes(&state, &unusable, &order);
    let parts = choose(&shapes, &modules, metadata, reading).and_then(|(readings, origin, metadata)| {
        let report = fit(&readings[0], &state, &unusable)?;
        Ok((readings, origin, metadata, report))
    });
    let (readings, origin, metadata, mut report) = parts.map_err(|fault| fault.of(&file))?;
    for unexpected in &report.unexpected {
        state.remove(&unexpected.name);
        precisions.remove(&unexpected.name);
    }
    report.unexpected.extend(aside.tensors.into_iter().map(|name| Absent { name, nearest: None }));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Mlp;
    use crate::model::StateTensor;

    fn checkpoint(tensors: &[(&str, &[usize])], metadata: &[(&str, &str)]) -> Checkpoint {
        let tensor = |shape: &[usize]| StateTensor { shape: shape.to_vec(), values: vec![0.5; shape.iter().product()] };
        Checkpoint {
            file: "a.pth".to_owned(),
            sha256: Sha256Digest::of([b"".as_slice()]),
            container: Container::PytorchZip,
            wrappers: vec!["state_dict".to_owned()],
            part: None,
            beside: BTreeMap::new(),
            modules: Modules::new(),
            state: tensors.iter().map(|(name, shape)| ((*name).to_owned(), tensor(shape))).collect(),
            order: tensors.iter().map(|(name, _)| (*name).to_owned()).collect(),
            precisions: tensors.iter().map(|(name, _)| ((*name).to_owned(), Precision::F32)).collect(),
            unusable: BTreeMap::new(),
            ignored: BTreeMap::new(),
            metadata: metadata.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect(),
        }
    }

    const WHOLE: &[(&str, &[usize])] =
        &[("fc1.weight", &[3, 4]), ("fc1.bias", &[3]), ("fc2.weight", &[2, 3]), ("fc2.bias", &[2])];

    fn perceptron() -> Architecture {
        Mlp::new(4, &[3], 2).into()
    }

    #[test]
    fn a_given_architecture_is_applied_and_the_rest_left_aside() {
        let mut tensors = WHOLE.to_vec();
        tensors.push(("ema.fc2.bias", &[2]));
        let network = load(checkpoint(&tensors, &[]), &perceptron().into()).unwrap();
        assert_eq!(network.origin, ArchitectureOrigin::Given);
        assert_eq!(network.report.applied, ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]);
        assert_eq!(network.report.unexpected.len(), 1);
        assert!(!network.state.contains_key("ema.fc2.bias") && !network.precisions.contains_key("ema.fc2.bias"));
        assert_eq!(network.remarks(), ["1 not needed: ema.fc2.bias"]);
        assert_eq!(network.notes(), ["looked through state_dict"]);
    }

    #[test]
    fn metadata_names_architecture_and_normalisation() {
        let architecture = serde_json::to_string(&perceptron()).unwrap();
        let normalisation = r#"{"name":"mnist","mean":[0.1307],"std":[0.3081]}"#;
        let entries = [("repgeo.architecture", architecture.as_str()), ("repgeo.normalisation", normalisation)];
        let network = load(checkpoint(WHOLE, &entries), &Reading::default()).unwrap();
        assert_eq!((network.origin, &network.architecture), (ArchitectureOrigin::Metadata, &perceptron()));
        assert_eq!(network.normalisation().unwrap().mean, [0.1307]);
    }

    #[test]
    fn missing_and_misshaped_tensors_are_reported_with_hints() {
        let tensors: &[(&str, &[usize])] = &[
            ("fc1.weight", &[3, 5]),
            ("fc_1.weight", &[3, 4]),
            ("fc1.bias", &[3]),
            ("fc2.weigth", &[2, 3]),
            ("fc2.bias", &[2]),
        ];
        let error = load(checkpoint(tensors, &[]), &perceptron().into()).unwrap_err();
        let Fault::Incomplete { report, .. } = error.fault.as_ref() else { panic!("{error}") };
        assert_eq!(report.missing[0].nearest.as_deref(), Some("fc2.weigth"));
        assert_eq!(report.misshaped[0].nearest.as_deref(), Some("fc_1.weight"));
        assert_eq!(report.unexpected.len(), 2);
        assert_eq!(
            error.to_string(),
            "a.pth: does not fit MLP 4-3-2 (ReLU): 2 tensors applied; 1 missing: fc2.weight (did you mean fc2.weigth?); \
             1 of another shape: fc1.weight (expected [3, 4], found [3, 5]) (did you mean fc_1.weight?); 2 not needed: \
             fc2.weigth (did you mean fc2.weight?), fc_1.weight (did you mean fc1.weight?)"
        );
    }

    #[test]
    fn of_several_networks_one_is_taken_and_the_others_are_named() {
        let mut tensors: Vec<(String, &[usize])> = Vec::new();
        for part in ["encoder_k.", "encoder_q."] {
            tensors.extend(WHOLE.iter().map(|(name, shape)| (format!("module.{part}{name}"), *shape)));
        }
        tensors.push(("module.queue".to_owned(), &[2, 9]));
        let tensors: Vec<(&str, &[usize])> = tensors.iter().map(|(name, shape)| (name.as_str(), *shape)).collect();
        let network = load(checkpoint(&tensors, &[]), &Reading::default()).unwrap();
        assert_eq!(network.wrappers, ["state_dict", "module.encoder_q."]);
        assert_eq!(network.others, ["module.encoder_k."]);
        assert_eq!(network.state.keys().collect::<Vec<_>>(), ["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"]);
        let remarks = network.remarks();
        let expected = "of several networks in the file this is module.encoder_q.; left aside: module.encoder_k.";
        assert_eq!(remarks, [expected, "1 not needed: module.queue"]);

        let part = |name: &str| Reading { part: Some(name.to_owned()), ..Reading::default() };
        let copy = load(checkpoint(&tensors, &[]), &part("module.encoder_k")).unwrap();
        assert_eq!(copy.part.as_deref(), Some("module.encoder_k."));
        assert_eq!(copy.others, ["module.encoder_q."]);
        assert_eq!(copy.state.keys().collect::<Vec<_>>(), network.state.keys().collect::<Vec<_>>());
        let error = load(checkpoint(&tensors, &[]), &part("module.encoder")).unwrap_err().to_string();
        let expected = "a.pth: part module.encoder: expected one of module.encoder_q., module.encoder_k., found no such \
                        part; did you mean module.encoder_k or module.encoder_q?";
        assert_eq!(error, expected);
        let error = load(checkpoint(WHOLE, &[]), &part("ema")).unwrap_err().to_string();
        assert_eq!(
            error,
            "a.pth: part ema: expected a file that holds several networks, found one network; leave the part out"
        );
    }

    #[test]
    fn what_lies_beside_under_a_key_is_named_where_it_is_a_network() {
        let shapes = |tensors: &[(&str, &[usize])]| -> TensorShapes {
            tensors.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec())).collect()
        };
        let mut checkpoint = checkpoint(WHOLE, &[]);
        checkpoint.part = Some("model".to_owned());
        checkpoint.beside.insert("ema".to_owned(), shapes(WHOLE));
        checkpoint.beside.insert("optimizer".to_owned(), shapes(&[("state.0.exp_avg", &[3, 4])]));
        let network = load(checkpoint.clone(), &Reading::default()).unwrap();
        assert_eq!((network.part.as_deref(), &network.others[..]), (Some("model"), &["ema".to_owned()][..]));
        assert_eq!(network.remarks(), ["of several networks in the file this is model; left aside: ema"]);
        let other = Reading { part: Some("emma".to_owned()), ..Reading::default() };
        let error = load(checkpoint, &other).unwrap_err().to_string();
        let expected = "a.pth: part emma: expected one of model, ema, found no such part; did you mean ema?";
        assert_eq!(error, expected);
    }

    #[test]
    fn what_belongs_to_no_module_is_left_aside() {
        let mut tensors = WHOLE.to_vec();
        tensors.push(("log_std", &[2]));
        let network = load(checkpoint(&tensors, &[]), &Reading::default()).unwrap();
        assert_eq!(network.remarks(), ["1 not needed: log_std"]);
        assert!(!network.state.contains_key("log_std") && !network.precisions.contains_key("log_std"));
    }

    #[test]
    fn a_tensor_that_a_block_does_not_know_is_refused() {
        let mut tensors = WHOLE.to_vec();
        tensors.push(("fc2.gate", &[2]));
        let error = load(checkpoint(&tensors, &[]), &perceptron().into()).unwrap_err().to_string();
        let expected = "a.pth: tensor fc2.gate: expected in fc2 only what a MLP 4-3-2 (ReLU) has there, found a tensor that \
                        would change what it computes; compare layers exported as activations instead";
        assert_eq!(error, expected);
    }

    #[test]
    fn what_is_not_finite_is_refused_only_where_it_is_needed() {
        let fault = |tensor: &str| Fault::NotFinite { tensor: tensor.to_owned(), element: 0, found: "NaN".to_owned() };
        let with = |name: &str| {
            let mut checkpoint = checkpoint(WHOLE, &[]);
            let shape = checkpoint.state.remove(name).map_or(vec![9], |tensor| tensor.shape);
            checkpoint.unusable.insert(name.to_owned(), Unusable { shape, fault: fault(name) });
            load(checkpoint, &perceptron().into())
        };
        assert_eq!(with("queue").unwrap().remarks(), ["1 not needed: queue"]);
        assert_eq!(*with("fc2.weight").unwrap_err().fault, fault("fc2.weight"));
    }

    #[test]
    fn unknown_tensors_name_the_file() {
        let error =
            load(checkpoint(&[("rnn.weight_hh_l0", &[4, 4])], &[]), &Reading::default()).unwrap_err().to_string();
        assert!(error.starts_with("a.pth: ") && error.contains("rnn.weight_hh_l0"), "{error}");
    }
}

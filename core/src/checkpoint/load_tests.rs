//! Which tensors a network is made of, and what is said of the rest.

use std::collections::BTreeMap;

use super::normaliser::take_normaliser;
use super::*;
use crate::Sha256Digest;
use crate::model::{Architecture, ExpectedInput, Mlp, Modules, StateTensor, TensorShapes};

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
fn a_stored_normaliser_is_used_and_other_statistics_are_left_aside() {
    let network: &[(&str, &[usize])] = &[
        ("model.conv1.weight", &[4, 3, 3, 3]),
        ("model.conv1.bias", &[4]),
        ("model.fc.weight", &[2, 4]),
        ("model.fc.bias", &[2]),
    ];
    let beside: &[(&str, &[usize])] = &[
        ("normalizer.new_mean", &[3, 1, 1]),
        ("normalizer.new_std", &[3, 1, 1]),
        ("attacker.mean", &[1]),
        ("attacker.std", &[1]),
    ];
    let load_with = |mean: f32| {
        let mut checkpoint = checkpoint(&[network, beside].concat(), &[]);
        checkpoint.state.get_mut("attacker.mean").unwrap().values[0] = mean;
        load(checkpoint, &Reading::default()).unwrap()
    };
    // What is not usable is none: the other is the only one.
    let read = load_with(-1.0);
    let normalisation = read.normalisation().unwrap();
    assert_eq!((normalisation.mean, normalisation.std), (vec![0.5; 3], vec![0.5; 3]));
    assert_eq!(normalisation.name, "normalizer.new_mean and normalizer.new_std of the file");
    assert_eq!(read.remarks(), ["2 not needed: attacker.mean, attacker.std"]);
    // Which of two applies is not known.
    let read = load_with(0.25);
    assert_eq!((read.normalisation(), read.report.unexpected.len()), (None, 4));
}

#[test]
fn statistics_of_bytes_are_of_pixels_to_one_and_those_of_vectors_are_none() {
    let images: &[(&str, &[usize])] = &[("mean", &[1]), ("std", &[1])];
    let mut bytes = checkpoint(&[WHOLE, images].concat(), &[]);
    bytes.state.get_mut("mean").unwrap().values[0] = 127.5;
    bytes.state.get_mut("std").unwrap().values[0] = 63.75;
    let stored = take_normaliser(&mut bytes).unwrap();
    let expected = |features| ExpectedInput { features: Some(features), ..Default::default() };
    let normalisation = stored.of(expected(784)).unwrap();
    assert_eq!((normalisation.mean, normalisation.std), (vec![0.5], vec![0.25]));
    assert_eq!(stored.of(expected(4)), None);
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
fn what_is_wrong_with_a_part_names_it_and_the_others() {
    let mut tensors: Vec<(String, &[usize])> = Vec::new();
    for part in ["target.", "online."] {
        let layers: [(&str, &[usize]); 3] =
            [("0.weight", &[4, 3, 5, 5]), ("2.weight", &[8, 4, 5, 5]), ("5.weight", &[2, 7])];
        tensors.extend(layers.map(|(name, shape)| (format!("{part}{name}"), shape)));
    }
    let tensors: Vec<(&str, &[usize])> = tensors.iter().map(|(name, shape)| (name.as_str(), *shape)).collect();
    let error = load(checkpoint(&tensors, &[]), &Reading::default()).unwrap_err().to_string();
    assert!(error.starts_with("a.pth: this looks like a CNN, but 5.weight does not fit"), "{error}");
    let end = "; this is online. of the file, which also holds target. (--part NAME, Part on the page)";
    assert!(error.ends_with(end), "{error}");
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
    let error = load(checkpoint(&[("rnn.weight_hh_l0", &[4, 4])], &[]), &Reading::default()).unwrap_err().to_string();
    assert!(error.starts_with("a.pth: ") && error.contains("rnn.weight_hh_l0"), "{error}");
}

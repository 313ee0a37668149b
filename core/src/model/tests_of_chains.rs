//! What names and numbers say of layers whose widths follow one another, and what a user says instead.

use super::{Activation, Architecture, Choices, Cnn, InferenceError, Modules, TensorShapes, parse_choices};

fn read(layers: &[(&str, &[usize])], said: &str) -> Result<Architecture, InferenceError> {
    let weight = |(name, shape): &(&str, &[usize])| (format!("{name}.weight"), shape.to_vec());
    let norm = |(name, shape): &(&str, &[usize])| {
        (shape.len() == 1)
            .then(|| ["bias", "running_mean", "running_var"].map(|own| (format!("{name}.{own}"), shape.to_vec())))
    };
    let tensors = layers.iter().flat_map(|layer| [weight(layer)].into_iter().chain(norm(layer).into_iter().flatten()));
    let shapes: TensorShapes = tensors.collect();
    let choices = if said.is_empty() { Choices::new() } else { parse_choices(said).unwrap() };
    Architecture::readings(&shapes, &choices, &Modules::new()).map(|mut readings| readings.swap_remove(0))
}

fn assumed(architecture: &Architecture, key: &str) -> Option<String> {
    architecture.assumptions().into_iter().find(|one| one.key == key).map(|one| one.value)
}

fn cnn(layers: &[(&str, &[usize])], said: &str) -> Cnn {
    match read(layers, said) {
        Ok(Architecture::Cnn(cnn)) => cnn,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_said_of_activations_is_run_on_codes() {
    let one: &[(&str, &[usize])] = &[("encoder", &[10, 2]), ("decoder", &[1, 10])];
    assert_eq!(read(one, "").unwrap().describe(), "MLP 2-10-1 (ReLU)");
    assert_eq!(read(one, "activation=identity").unwrap().describe(), "MLP 2-10-1 (no activation)");
    let deep: &[(&str, &[usize])] =
        &[("encoder.0", &[8, 9]), ("encoder.2", &[2, 8]), ("decoder.0", &[8, 2]), ("decoder.2", &[9, 8])];
    let plain = read(deep, "").unwrap();
    assert_eq!(plain.describe(), "MLP 9-8-2-8-9 (ReLU, code without activation)");
    assert_eq!(assumed(&plain, "activation").unwrap(), "relu+identity+relu");
    let all = read(deep, "activation=tanh").unwrap();
    assert_eq!(all.describe(), "MLP 9-8-2-8-9 (tanh)");
    let usual = all.assumptions().swap_remove(0).usual;
    assert!(usual.contains(&"relu".to_owned()) && usual.contains(&"tanh+identity+tanh".to_owned()), "{usual:?}");
}

#[test]
fn each_convolution_and_hidden_layer_may_have_an_activation_of_its_own() {
    let layers: &[(&str, &[usize])] =
        &[("conv1", &[6, 3, 5, 5]), ("conv2", &[16, 6, 5, 5]), ("fc1", &[120, 400]), ("fc2", &[10, 120])];
    let own = cnn(layers, "activation=tanh+identity+relu");
    let found: Vec<_> = own.blocks.iter().map(|block| block.activation).chain([own.linear[0].activation]).collect();
    assert_eq!(found, [Activation::Tanh, Activation::Identity, Activation::Relu].map(Some));
    let own = Architecture::from(own);
    assert_eq!(own.describe(), "CNN 6-16 + 120-10 (mixed activations, max pooling)");
    assert_eq!(assumed(&own, "activation").unwrap(), "tanh+identity+relu");
    let error = read(layers, "activation=relu+relu").unwrap_err().to_string();
    assert!(error.contains("one for each of 3 hidden layers") && error.contains("2 of them"), "{error}");
}

#[test]
fn numbers_leave_no_room_for_an_activation_before_a_vector() {
    // A sequence: convolution, leaky ReLU, twice, convolution, batch norm, flatten, linear layer.
    let layers: &[(&str, &[usize])] = &[
        ("net.0", &[4, 3, 4, 4]),
        ("net.2", &[8, 4, 3, 3]),
        ("net.4", &[8, 8, 3, 3]),
        ("net.5", &[8]),
        ("net.7", &[1, 2048]),
    ];
    let said = "stride=2+1+1,padding=1+1+1,pool=none,activation=leaky-relu:0.2";
    let found = cnn(layers, said);
    let own: Vec<_> = found.blocks.iter().map(|block| block.activation).collect();
    assert_eq!(own, [None, None, Some(Activation::Identity)]);
    assert_eq!(assumed(&found.into(), "activation").unwrap(), "leaky-relu:0.2+leaky-relu:0.2+identity");
    // One place between convolutions may hold either.
    let pooled: &[(&str, &[usize])] = &[("c.0", &[4, 3, 3, 3]), ("c.2", &[4, 4, 3, 3]), ("fc", &[5, 1024])];
    assert_eq!(cnn(pooled, "padding=1,pool=none+max:2").blocks[0].activation, None);
}

#[test]
fn a_normalisation_that_fits_two_layers_is_asked_for() {
    let layers: &[(&str, &[usize])] = &[("fc1", &[8, 5]), ("fc2", &[8, 8]), ("fc3", &[2, 8]), ("bn2", &[8])];
    let normalised = |said: &str| {
        let Ok(Architecture::Mlp(mlp)) = read(layers, said) else { panic!("{:?}", read(layers, said)) };
        let own = mlp.layers.iter().filter(|layer| layer.norm.is_some()).map(|layer| layer.name.clone()).collect();
        (own, assumed(&mlp.into(), "norms"))
    };
    let at = |name: &str| (vec![name.to_owned()], Some(name.to_owned()));
    assert_eq!(normalised(""), at("fc2"));
    assert_eq!(normalised("norms=fc1"), at("fc1"));
    assert!(read(layers, "norms=fc3").is_err() && read(layers, "norms=fc1+fc2").is_err());
    let known: &[(&str, &[usize])] = &[("fc1", &[8, 5]), ("bn1", &[8]), ("fc2", &[8, 8]), ("fc3", &[2, 8])];
    assert_eq!(assumed(&read(known, "").unwrap(), "norms"), None);
}

#[test]
fn convolutions_that_read_the_same_are_named() {
    let layers: &[(&str, &[usize])] = &[
        ("conv1", &[8, 4, 3, 3]),
        ("conv2", &[16, 8, 3, 3]),
        ("act_conv1", &[4, 16, 1, 1]),
        ("act_fc1", &[9, 36]),
        ("val_conv1", &[2, 16, 1, 1]),
        ("val_fc1", &[1, 18]),
    ];
    assert_eq!(
        read(layers, "").unwrap_err().to_string(),
        "this looks like a CNN, but val_conv1.weight does not fit: expected convolutions that follow one another, found act_conv1 \
         and val_conv1, which both read what conv2 yields; compare layers exported as activations instead"
    );
}

#[test]
fn blocks_of_two_convolutions_are_no_chain_unless_it_is_said() {
    let names: Vec<String> = (0..3).flat_map(|i| [1, 2].map(|j| format!("convs.{i}.conv{j}"))).collect();
    let norms: Vec<String> = (0..3).flat_map(|i| [1, 2].map(|j| format!("convs.{i}.bn{j}"))).collect();
    let mut layers: Vec<(&str, &[usize])> = vec![("conv0", &[8, 3, 3, 3]), ("bn0", &[8])];
    for (conv, norm) in names.iter().zip(&norms) {
        layers.extend([(conv.as_str(), &[8_usize, 8, 3, 3][..]), (norm.as_str(), &[8_usize][..])]);
    }
    layers.push(("fc", &[10, 8]));
    let sentence = read(&layers, "").unwrap_err().to_string();
    assert!(sentence.contains("convs.0 does not fit") && sentence.contains("shortcut=none"), "{sentence}");
    assert!(matches!(read(&layers, "shortcut=none"), Ok(Architecture::Cnn(_))));
    assert!(read(&layers, "shortcut=pad").is_err());
}

#[test]
fn the_sentence_names_the_layer_that_reads_the_same() {
    // Twin critics of states and actions.
    let twins: &[(&str, &[usize])] = &[("l1", &[9, 5]), ("l2", &[1, 9]), ("l3", &[9, 5]), ("l4", &[1, 9])];
    let sentence = read(twins, "").unwrap_err().to_string();
    assert!(sentence.contains("found one that takes 5, as l1, the first, does; compare layers"), "{sentence}");
    let fork: &[(&str, &[usize])] = &[("fc1", &[9, 5]), ("fc2", &[2, 9]), ("fc3", &[4, 9])];
    let sentence = read(fork, "").unwrap_err().to_string();
    assert!(sentence.contains("found one that takes 9, those of fc1, which fc2 takes too; compare"), "{sentence}");
}

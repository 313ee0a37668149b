//! Files that hold a whole module are read as it says.

use crate::checkpoint::{CheckpointError, Network, Reading, load, read};
use crate::file::NamedBytes;
use crate::model::{Activation, Architecture, Cnn, Mlp, Pool};

macro_rules! fixture {
    ($name:literal) => {
        ($name, &include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/checkpoints/", $name))[..])
    };
}

fn loaded((name, bytes): (&str, &[u8])) -> Result<Network, CheckpointError> {
    let file = NamedBytes { name: name.to_owned(), bytes: bytes.to_vec() };
    load(read(&file).unwrap(), &Reading::default())
}

fn cnn(file: (&str, &[u8])) -> Cnn {
    match loaded(file).unwrap().readings.swap_remove(0) {
        Architecture::Cnn(cnn) => cnn,
        other => panic!("{other:?}"),
    }
}

fn mlp(file: (&str, &[u8])) -> Mlp {
    match loaded(file).unwrap().architecture {
        Architecture::Mlp(mlp) => mlp,
        other => panic!("{other:?}"),
    }
}

fn pools(cnn: &Cnn) -> Vec<Option<Pool>> {
    cnn.blocks.iter().map(|block| block.pool).collect()
}

#[test]
fn a_whole_module_says_what_its_tensors_cannot() {
    let network = loaded(fixture!("modules_strided.pth")).unwrap();
    assert_eq!(network.readings.len(), 1);
    let cnn = cnn(fixture!("modules_strided.pth"));
    let strides: Vec<usize> = cnn.blocks.iter().map(|block| block.stride).collect();
    assert_eq!((strides, pools(&cnn)), (vec![2, 1], vec![None, Some(Pool::average(2))]));
    assert_eq!((cnn.activation, cnn.epsilon), (Activation::Gelu, 1e-3));
}

#[test]
fn the_first_use_of_a_class_counts_in_the_old_container_too() {
    let zip = cnn(fixture!("modules_first_uses.pth"));
    assert_eq!((zip.activation, pools(&zip)), (Activation::Tanh, vec![Some(Pool::average(4))]));
    assert_eq!(cnn(fixture!("modules_first_uses_legacy.pth")), zip);
}

#[test]
fn a_sequence_and_its_program_say_the_activation_after_each_layer() {
    let mlp_of_module = mlp(fixture!("modules_mixed.pth"));
    let after = |mlp: &Mlp| -> Vec<Activation> {
        mlp.layers.iter().take(3).map(|layer| layer.activation.unwrap_or(mlp.activation)).collect()
    };
    assert_eq!(after(&mlp_of_module), [Activation::Gelu, Activation::Tanh, Activation::Identity]);
    assert_eq!(mlp(fixture!("modules_mixed_script.pt")), mlp_of_module);
}

#[test]
fn a_module_that_stands_twice_is_read_once() {
    let cnn = cnn(fixture!("modules_twice.pth"));
    let names: Vec<&str> = cnn.blocks.iter().map(|block| block.name.as_str()).collect();
    assert_eq!(names, ["features.0", "features.3"]);
    assert_eq!((cnn.activation, pools(&cnn)), (Activation::Tanh, vec![Some(Pool::average(2)); 2]));
}

#[test]
fn quantised_layers_are_not_left_out() {
    let error = loaded(fixture!("modules_quantised.pth")).unwrap_err().to_string();
    assert!(error.contains("module 3: expected layers of floating-point numbers, found quantised Linear"), "{error}");
}

#[test]
fn the_code_of_a_program_says_what_its_attributes_do_not() {
    for file in [fixture!("modules_coded_script.pt"), fixture!("modules_coded_trace.pt")] {
        assert_eq!(loaded(file).unwrap().readings.len(), 1, "{}", file.0);
        let cnn = cnn(file);
        let convolutions: Vec<_> = cnn.blocks.iter().map(|block| (block.stride, block.padding)).collect();
        assert_eq!((convolutions, pools(&cnn)), (vec![(2, 1), (1, 2)], vec![None, "max:3:2:1".parse().ok()]));
        assert_eq!((cnn.activation, cnn.epsilon), (Activation::LeakyRelu(0.2), 1e-3));
    }
    let error = loaded(fixture!("modules_coded_reflected.pt")).unwrap_err().to_string();
    assert!(error.contains("module 0: expected padding with zeros, found padding_mode=reflect"), "{error}");
}

#[test]
fn a_network_that_computes_otherwise_than_its_modules_say_is_refused() {
    let network = loaded(fixture!("modules_unpadded.pth"));
    let error = network.unwrap_err().to_string();
    assert!(error.contains("module conv1: expected padding=1 there, found padding=0"), "{error}");
}

#[test]
fn layers_of_classes_of_ones_own_are_named() {
    let remarks = loaded(fixture!("modules_own_classes.pth")).unwrap().remarks();
    let expected = "layers of the classes Dense are not PyTorch's own and are computed as if they were";
    assert!(remarks.contains(&expected.to_owned()), "{remarks:?}");
    let error = loaded(fixture!("modules_cosine.pth")).unwrap_err().to_string();
    assert!(error.contains("module 2: expected a layer of PyTorch, found CosineLinear"), "{error}");
}

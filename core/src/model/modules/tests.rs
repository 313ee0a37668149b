//! Modules as files register them, and what is told of the layers between them.

use super::*;
use crate::model::normalise::LayerOrder;

fn module(class: &str, numbers: &[(&str, &[f64])]) -> Module {
    let numbers = numbers.iter().map(|(name, numbers)| ((*name).to_owned(), numbers.to_vec())).collect();
    let weighted = matches!(class, "Linear" | "Conv2d");
    Module { class: class.to_owned(), package: "torch.nn".to_owned(), numbers, weighted, ..Module::default() }
}

/// `name Class` of each, the outermost one first.
fn modules(all: &[&str]) -> Modules {
    let one = |text: &&str| {
        let (name, class) = text.split_once(' ').unwrap();
        let pool: &[(&str, &[f64])] = if class.ends_with("Pool2d") { &[("kernel_size", &[2.0])] } else { &[] };
        (name.to_owned(), module(class, pool))
    };
    all.iter().map(one).collect()
}

/// A sequence of these classes.
fn sequence(classes: &[&str]) -> Modules {
    let root = [(String::new(), module("Sequential", &[]))];
    let own = classes.iter().enumerate().map(|(i, class)| (i.to_string(), module(class, &[])));
    root.into_iter().chain(own).collect()
}

fn each(modules: &Modules, layers: &[&str]) -> Vec<Option<Activation>> {
    activations_after(modules, layers).unwrap().each
}

fn refusal(modules: &Modules, layers: &[&str]) -> String {
    activations_after(modules, layers).unwrap_err().to_string()
}

#[test]
fn attributes_say_what_is_computed() {
    let pool = module("MaxPool2d", &[("kernel_size", &[3.0]), ("stride", &[2.0]), ("padding", &[1.0])]);
    assert_eq!(pool.pool().unwrap().to_string(), "max:3:2:1");
    assert_eq!(module("AvgPool2d", &[]).pool().unwrap().to_string(), "avg:2");
    assert_eq!(module("Conv2d", &[("stride", &[2.0, 2.0])]).whole("stride"), Some(2));
    assert_eq!(module("Conv2d", &[("stride", &[2.0, 1.0])]).whole("stride"), None);
    assert_eq!(module("LeakyReLU", &[("negative_slope", &[0.2])]).activation(), Some(Activation::LeakyRelu(0.2)));
    assert_eq!(module("ELU", &[("alpha", &[1.0])]).activation(), Some(Activation::Elu));
    assert_eq!(module("ELU", &[("alpha", &[0.3])]).activation(), None);
    assert_eq!(module("Softplus", &[("beta", &[5.0]), ("threshold", &[20.0])]).activation(), None);
}

#[test]
fn paddings_with_a_name_follow_from_the_kernel() {
    let padded = |text: &str, kernel: f64| {
        let conv = module("Conv2d", &[("kernel_size", &[kernel, kernel])]);
        Module { texts: [("padding".to_owned(), text.to_owned())].into(), ..conv }.padding()
    };
    assert_eq!((padded("same", 5.0), padded("same", 4.0), padded("valid", 5.0)), (Some(2), None, Some(0)));
}

#[test]
fn a_sequence_says_the_activation_after_each_layer() {
    let mixed = sequence(&["Linear", "ReLU", "Linear", "Dropout", "Tanh", "Linear", "Linear", "Sigmoid"]);
    let expected = [Activation::Relu, Activation::Tanh, Activation::Identity].map(Some);
    assert_eq!(each(&mixed, &["0", "2", "5"]), expected);
    let gate = sequence(&["Linear", "ReLU", "Linear", "Sigmoid", "Linear"]);
    assert_eq!(each(&gate, &["0", "2"]), [Activation::Relu, Activation::Sigmoid].map(Some));
}

#[test]
fn what_is_not_computed_between_layers_is_refused_by_name() {
    for (class, expected) in
        [("Mish", "one of the activations"), ("Softmax", "between layers"), ("Swirl", "between layers")]
    {
        let error = refusal(&sequence(&["Linear", class, "Linear"]), &["0"]);
        assert!(error.starts_with("module 1: expected ") && error.contains(expected), "{error}");
        assert!(
            error.ends_with(&format!("found {class}; compare what its layers yield, exported as activations, instead"))
        );
    }
    assert!(activations_after(&sequence(&["Linear", "ReLU", "Linear", "Softmax"]), &["0"]).is_ok());
    let twice = refusal(&sequence(&["Linear", "ReLU", "Tanh", "Linear"]), &["0"]);
    assert!(twice.contains("one activation after 0, found Tanh"), "{twice}");
    assert!(refusal(&modules(&[" Net", "a Linear", "b Linear", "act Hardtanh"]), &["a"]).contains("found Hardtanh"));
}

#[test]
fn attributes_say_it_where_they_stand_between_layers_or_are_of_one_class() {
    let apart = modules(&[" Net", "a Linear", "s Tanh", "b Linear", "t ReLU", "c Linear", "p Softmax"]);
    assert_eq!(each(&apart, &["a", "b"]), [Activation::Tanh, Activation::Relu].map(Some));
    let one = modules(&[" Net", "a Linear", "b Linear", "c Linear", "act GELU", "p Sigmoid"]);
    assert_eq!(activations_after(&one, &["a", "b"]).unwrap().usual, Some(Activation::Gelu));
    let output = modules(&[" Net", "a Linear", "act ReLU", "b Linear", "c Linear", "out Tanh"]);
    assert_eq!(activations_after(&output, &["a", "b"]).unwrap().usual, Some(Activation::Relu));
    let two = refusal(&modules(&[" Net", "a Linear", "b Linear", "r ReLU", "t Tanh"]), &["a"]);
    assert!(two.contains("found that r is ReLU, t is Tanh; say activation=relu"), "{two}");
    assert_eq!(activations_after(&Modules::new(), &["a"]).unwrap().usual, None);
}

#[test]
fn a_sequence_without_an_activation_at_its_end_has_none_where_others_have() {
    let parts = [
        " Net",
        "f Sequential",
        "f.0 Conv2d",
        "f.1 LeakyReLU",
        "f.2 Conv2d",
        "f.3 MaxPool2d",
        "c Sequential",
        "c.0 Linear",
    ];
    let expected = [Activation::LeakyRelu(0.01), Activation::Identity].map(Some);
    assert_eq!(each(&modules(&parts), &["f.0", "f.2"]), expected);
    let functional = [" Net", "f Sequential", "f.0 Conv2d", "f.1 BatchNorm2d", "c Linear"];
    assert_eq!(each(&modules(&functional), &["f.0"]), [None]);
    // Layers in another order than they are computed in say nothing.
    assert_eq!(each(&modules(&[" Net", "b Linear", "act Tanh", "a Linear"]), &["a", "b"])[0], None);
}

#[test]
fn layers_of_a_sequence_that_code_may_run_one_by_one_are_open() {
    let parts = [" Net", "layers Sequential", "layers.0 Linear", "layers.1 Linear"];
    assert_eq!(each(&modules(&parts), &["layers.0"]), [None]);
    assert_eq!(each(&sequence(&["Linear", "Linear"]), &["0"]), [Some(Activation::Identity)]);
}

#[test]
fn one_activation_of_all_or_none() {
    let gated = activation(&modules(&[" Net", "a Conv2d", "act GELU", "other GELU", "gate Sigmoid"]));
    assert_eq!(gated, Ok(Some(Activation::Gelu)));
    assert_eq!(activation(&sequence(&["Linear", "Sigmoid"])), Ok(Some(Activation::Sigmoid)));
    assert_eq!(activation(&sequence(&["Linear"])), Ok(None));
    assert!(activation(&sequence(&["ReLU", "Tanh"])).is_err());
    assert!(activation(&sequence(&["Mish"])).is_err());
}

#[test]
fn pooling_stands_where_sequences_and_the_order_of_attributes_say() {
    let flat = modules(&[" Net", "a Conv2d", "p AvgPool2d", "b Conv2d", "q AvgPool2d", "c Conv2d", "fc Linear"]);
    let found = pools_after(&flat, &["a", "b", "c", "fc"], 3).unwrap();
    let average = Some(Pool::average(2));
    assert_eq!(found.suggested, Some(vec![average, average, None]));
    assert_eq!((found.each, found.usual), (vec![None; 3], average));
    // One that may be used several times says only what it is.
    let once = modules(&[" Net", "a Conv2d", "b Conv2d", "p AvgPool2d", "fc Linear"]);
    let found = pools_after(&once, &["a", "b", "fc"], 2).unwrap();
    assert_eq!((found.suggested, found.usual), (None, average));
    let parts =
        modules(&[" Net", "f Sequential", "f.0 Conv2d", "f.1 ReLU", "f.2 Conv2d", "f.3 MaxPool2d", "fc Linear"]);
    assert_eq!(pools_after(&parts, &["f.0", "f.2", "fc"], 2).unwrap().each, [Some(None), Some(Some(Pool::max(2)))]);
    // What follows a sequence without any may be code.
    let none = modules(&[" Net", "f Sequential", "f.0 Conv2d", "f.1 ReLU", "f.2 Conv2d", "fc Linear"]);
    let found = pools_after(&none, &["f.0", "f.2", "fc"], 2).unwrap();
    assert_eq!((found.each, found.suggested), (vec![Some(None), None], Some(vec![None, None])));
    let two = modules(&[" Net", "a Conv2d", "b Conv2d", "p AvgPool2d", "q MaxPool2d", "fc Linear"]);
    let error = pools_after(&two, &["a", "b", "fc"], 2).unwrap_err().to_string();
    assert!(error.starts_with("module q: expected avg:2 as p, or pool said"), "{error}");
}

#[test]
fn pooling_before_what_does_not_commute_is_refused() {
    let order = |classes: &[&str]| order_of(&sequence(classes), &["0"]);
    assert_eq!(order(&["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Linear"]), Ok(Some(LayerOrder::NormActivation)));
    assert_eq!(order(&["Conv2d", "ReLU", "Dropout", "BatchNorm2d", "Linear"]), Ok(Some(LayerOrder::ActivationNorm)));
    assert_eq!(order(&["Conv2d", "BatchNorm2d", "MaxPool2d", "ReLU", "Linear"]), Ok(Some(LayerOrder::NormActivation)));
    for classes in [["MaxPool2d", "BatchNorm2d"], ["AvgPool2d", "ReLU"], ["MaxPool2d", "GELU"]] {
        let error = order(&["Conv2d", classes[0], classes[1], "Linear"]).unwrap_err().to_string();
        assert!(error.starts_with("module 2: expected normalisation and activation before pooling, found"), "{error}");
    }
    let both = sequence(&["Linear", "BatchNorm1d", "ReLU", "Linear", "ReLU", "BatchNorm1d", "Linear"]);
    assert!(order_of(&both, &["0", "3"]).is_err());
}

#[test]
fn modules_that_are_not_computed_are_found() {
    let refused = |module: Module| uncomputable(&[("m".to_owned(), module)].into(), false).unwrap_err().to_string();
    let text = |module: Module, name: &str, text: &str| Module {
        texts: [(name.to_owned(), text.to_owned())].into(),
        ..module
    };
    let conv = |numbers: &[(&str, &[f64])]| module("Conv2d", numbers);
    assert!(uncomputable(&[("m".to_owned(), conv(&[("stride", &[2.0, 2.0])]))].into(), false).is_ok());
    assert!(refused(conv(&[("stride", &[2.0, 1.0])])).contains("found stride=2×1"));
    assert!(refused(conv(&[("dilation", &[2.0, 2.0])])).contains("found dilation=2×2"));
    assert!(refused(text(conv(&[]), "padding_mode", "reflect")).contains("found padding_mode=reflect"));
    assert!(refused(text(conv(&[("kernel_size", &[4.0, 4.0])]), "padding", "same")).contains("found padding=same"));
    let pool = |class: &str, numbers: &[(&str, &[f64])]| module(class, numbers);
    assert!(refused(pool("MaxPool2d", &[("ceil_mode", &[1.0])])).contains("found ceil_mode=True"));
    assert!(refused(pool("MaxPool2d", &[("kernel_size", &[2.0, 1.0])])).contains("found kernel_size=2×1"));
    assert!(
        refused(pool("AvgPool2d", &[("padding", &[1.0]), ("count_include_pad", &[0.0])])).contains("count_include_pad")
    );
    assert!(refused(pool("AvgPool2d", &[("divisor_override", &[3.0])])).contains("found divisor_override=3"));
    assert!(uncomputable(&[("m".to_owned(), pool("MaxPool2d", &[("ceil_mode", &[1.0])]))].into(), true).is_ok());
    assert!(refused(module("BatchNorm1d", &[("affine", &[0.0])])).contains("found affine=False"));
    assert!(refused(module("LayerNorm", &[("elementwise_affine", &[0.0])])).contains("found elementwise_affine=False"));
    assert!(refused(module("InstanceNorm2d", &[])).contains("found InstanceNorm2d"));
    let packed = Module { package: "torch.ao.nn.quantized.dynamic.modules.linear".to_owned(), ..module("Linear", &[]) };
    assert!(refused(packed).starts_with("module m: expected layers of floating-point numbers, found quantised Linear"));
}

#[test]
fn normalisations_that_differ_are_refused() {
    let norms = |numbers: [f64; 2]| -> Modules {
        numbers.map(|number| (number.to_string(), module("BatchNorm2d", &[("eps", &[number])]))).into()
    };
    assert_eq!(epsilon(&norms([1e-3, 1e-3])), Ok(Some(1e-3)));
    assert!(epsilon(&norms([1e-3, 1e-5])).is_err());
    assert_eq!(groups(&[("n".to_owned(), module("GroupNorm", &[("num_groups", &[4.0])]))].into()), Ok(Some(4)));
}

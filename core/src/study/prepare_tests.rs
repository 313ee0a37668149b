//! Which network a checkpoint is, by images.

use super::*;
use crate::activation::reference::evaluate;
use crate::checkpoint::{Reading, ReadingEvidence, load, read};
use crate::data::{ImageShape, Normalisation, Pixels, ProbeSet};
use crate::file::NamedBytes;
use crate::model::{Architecture, Choices, Graph, StateDict, StateTensor, parse_choices};
use crate::supervise::Unsupervised;

const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };

/// Fixed values without pattern.
fn noise(seed: usize, index: usize) -> f32 {
    ((12.9898 * (index + 1) as f64 + 78.233 * (seed + 1) as f64).sin() * 43_758.545_3 % 1.0) as f32
}

/// A safetensors file that says nothing of its architecture.
fn file(tensors: &[(&str, &[usize])]) -> NamedBytes {
    let (mut header, mut values) = (serde_json::Map::new(), Vec::new());
    for (seed, (name, shape)) in tensors.iter().enumerate() {
        let start = values.len();
        let scale = (3.0 / shape.iter().skip(1).product::<usize>() as f32).sqrt();
        for index in 0..shape.iter().product() {
            values.extend((scale * noise(seed, index)).to_le_bytes());
        }
        let entry = serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, values.len()] });
        header.insert((*name).to_owned(), entry);
    }
    let header = serde_json::Value::Object(header).to_string();
    let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &values].concat();
    NamedBytes { name: "net.safetensors".to_owned(), bytes }
}

/// Two padded convolutions, each pooled or of stride 2.
fn halving() -> NamedBytes {
    file(&[
        ("conv1.weight", &[4, 3, 3, 3]),
        ("conv1.bias", &[4]),
        ("conv2.weight", &[8, 4, 3, 3]),
        ("conv2.bias", &[8]),
        ("fc.weight", &[4, 512]),
        ("fc.bias", &[4]),
    ])
}

fn input(file: &NamedBytes, choices: Choices) -> Input {
    let network = load(read(file).unwrap(), &Reading { choices, ..Reading::default() }).unwrap();
    Input::Network { name: "net".to_owned(), network, normalisation: Normalisation::preset("none", 3).unwrap() }
}

fn probe(labels: Option<Vec<u32>>) -> ProbeSet {
    let pixels = (0..256 * SHAPE.len()).map(|index| noise(77, index)).collect();
    ProbeSet::new("noise", SHAPE, Pixels::F32(pixels), labels, Vec::new()).unwrap()
}

/// The classes that a network takes the images for, by the definitions of its operations.
fn classes(graph: &Graph, state: &StateDict, probe: &ProbeSet) -> Vec<u32> {
    let Pixels::F32(pixels) = &probe.pixels else { panic!("floating-point pixels") };
    let class = |image: &[f32]| {
        let image: Vec<f64> = image.iter().map(|&value| f64::from(value)).collect();
        let logits = evaluate(graph, state, &image).pop().unwrap();
        (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap() as u32
    };
    pixels.chunks(SHAPE.len()).map(class).collect()
}

fn settled(mut input: Input, probe: &ProbeSet) -> Result<(Architecture, Vec<String>), StudyError> {
    pollster::block_on(prepare(&mut input, Some(probe), &Unsupervised))?;
    let Input::Network { network, .. } = input else { panic!("a network") };
    Ok((network.architecture, network.settled.unwrap().warnings))
}

fn read_as(said: &str) -> Architecture {
    let Input::Network { network, .. } = input(&halving(), parse_choices(said).unwrap()) else { panic!("a network") };
    network.architecture
}

#[test]
fn strides_and_pooling_are_asked_for_where_nothing_tells() {
    let error = settled(input(&halving(), Choices::new()), &probe(None)).unwrap_err().to_string();
    for part in ["pool=max:2+max:2,stride=1+1", "pool=none+none,stride=2+2", "--architecture"] {
        assert!(error.contains(part), "{error}");
    }
    let (said, _) = settled(input(&halving(), parse_choices("stride=2").unwrap()), &probe(None)).unwrap();
    assert_eq!(said, read_as("stride=2,padding=1"));
}

#[test]
fn labels_tell_which_of_them_it_is() {
    for (said, other) in [("stride=2,padding=1", "stride=1"), ("stride=1", "stride=2,padding=1")] {
        let right = read_as(said);
        let Input::Network { network, .. } = input(&halving(), Choices::new()) else { panic!("a network") };
        let labels = classes(&right.graph(SHAPE).unwrap(), &network.state, &probe(None));
        // Labels by which the other is as good would tell nothing.
        let others = classes(&read_as(other).graph(SHAPE).unwrap(), &network.state, &probe(None));
        let alike = labels.iter().zip(&others).filter(|(a, b)| a == b).count();
        assert!(alike < 192, "{alike} of 256 alike");
        let (found, _) = settled(input(&halving(), Choices::new()), &probe(Some(labels))).unwrap();
        assert_eq!(found, right);
    }
}

#[test]
fn other_readings_are_asked_where_that_is_quick() {
    let said = parse_choices("stride=1").unwrap();
    let mut input = input(&halving(), said);
    let Input::Network { network, .. } = &input else { panic!("a network") };
    let labels = classes(&network.architecture.graph(SHAPE).unwrap(), &network.state, &probe(None));
    pollster::block_on(prepare(&mut input, Some(&probe(Some(labels))), &Unsupervised)).unwrap();
    let Input::Network { network, .. } = input else { panic!("a network") };
    let ReadingEvidence { taken, alternatives, presets } = network.settled.unwrap().evidence.unwrap();
    assert_eq!((taken.images, taken.accuracy, taken.divergence), (256, Some(1.0), None));
    assert!(presets.is_empty());
    let found: Vec<&str> = alternatives.iter().map(|other| other.said.as_str()).collect();
    assert!(found.contains(&"activation=tanh") && found.contains(&"pool=avg:2+avg:2"), "{found:?}");
    let accuracies: Vec<f64> = alternatives.iter().map(|other| other.evidence.accuracy.unwrap()).collect();
    assert!(accuracies.is_sorted_by(|a, b| a >= b) && accuracies[0] < 1.0, "{accuracies:?}");
}

#[test]
fn what_the_user_said_is_not_replaced() {
    let Input::Network { network, .. } = input(&halving(), parse_choices("stride=1").unwrap()) else {
        panic!("a network")
    };
    let labels = classes(&read_as("stride=1").graph(SHAPE).unwrap(), &network.state, &probe(None));
    let wrong = parse_choices("stride=1,activation=softplus").unwrap();
    let (found, _) = settled(input(&halving(), wrong.clone()), &probe(Some(labels))).unwrap();
    assert_eq!(found, read_as("stride=1,activation=softplus"));
}

#[test]
fn images_of_another_shape_name_what_is_expected() {
    let shape = ImageShape { channels: 3, height: 9, width: 9 };
    let images = ProbeSet::new("small", shape, Pixels::F32(vec![0.5; 5 * shape.len()]), None, Vec::new()).unwrap();
    let mut input = input(&halving(), Choices::new());
    pollster::block_on(prepare(&mut input, Some(&images), &Unsupervised)).unwrap();
    let Input::Network { network, .. } = &input else { panic!("a network") };
    let error = crate::activation::graph_for(network, &images).unwrap_err().to_string();
    assert!(error.contains("expects images of 3×32×32"), "{error}");
}

/// A state is not needed for its shapes.
#[test]
fn a_file_that_says_its_architecture_is_not_asked() {
    let architecture = Architecture::from(crate::model::Mlp::new(12, &[3], 2));
    let state: StateDict = architecture
        .parameters()
        .unwrap()
        .into_iter()
        .map(|parameter| {
            let values = (0..parameter.len()).map(|index| noise(5, index)).collect();
            (parameter.name, StateTensor { shape: parameter.shape, values })
        })
        .collect();
    let bytes = crate::checkpoint::save_safetensors(
        &architecture,
        &state,
        crate::checkpoint::Precision::F32,
        &crate::checkpoint::Metadata::default(),
    )
    .unwrap();
    let shape = ImageShape { channels: 3, height: 2, width: 2 };
    let images = ProbeSet::new("small", shape, Pixels::F32(vec![0.5; 5 * shape.len()]), None, Vec::new()).unwrap();
    let named = NamedBytes { name: "own.safetensors".to_owned(), bytes };
    let mut input = input(&named, Choices::new());
    pollster::block_on(prepare(&mut input, Some(&images), &Unsupervised)).unwrap();
    let Input::Network { network, .. } = input else { panic!("a network") };
    assert_eq!(network.settled.unwrap().evidence, None);
}

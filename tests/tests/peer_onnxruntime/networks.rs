//! Networks that are made up here.

use std::path::{Path, PathBuf};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use repgeo_core::checkpoint::{Metadata, Precision, save_safetensors};
use repgeo_core::data::{ImageShape, Normalisation, Pixels, ProbeSet};
use repgeo_core::model::{
    Activation, Architecture, CifarResnet, Cnn, ConvBlock, Graph, Head, LinearLayer, Mlp, Parameter, ParameterRole,
    Pool, Resnet, ResnetBlock, ResnetNames, ResnetStem, StateDict, StateTensor, initial_state,
};

/// Small networks that have every operation between them.
pub(crate) fn architectures() -> Vec<(&'static str, Architecture, ImageShape)> {
    let colour = ImageShape { channels: 3, height: 12, width: 12 };
    let resnet = Resnet {
        block: ResnetBlock::Bottleneck,
        depths: vec![1, 2],
        stem: ResnetStem::ImageNet,
        width: 4,
        input_channels: 3,
        classes: Some(5),
        names: ResnetNames::default(),
        head: None,
    };
    let block = |name: &str, batch_norm: Option<&str>, pool| ConvBlock {
        bias: batch_norm.is_none(),
        batch_norm: batch_norm.map(str::to_owned),
        pool: Some(pool),
        ..ConvBlock::new(name, 6, 3)
    };
    let blocks = vec![block("conv1", Some("bn1"), Pool::average(2)), block("conv2", None, Pool::max(3))];
    let linear = vec![LinearLayer { bias: false, ..LinearLayer::new("fc1", 8) }, LinearLayer::new("fc2", 4)];
    let cnn = Cnn { activation: Activation::Tanh, dropout: 0.5, ..Cnn::new(colour, blocks, Head::Flatten, linear) };
    vec![
        ("bottleneck", resnet.into(), ImageShape { channels: 3, height: 37, width: 32 }),
        ("option-a", CifarResnet { width: 4, ..CifarResnet::of_depth(8, 6) }.into(), colour),
        ("cnn", cnn.into(), colour),
    ]
}

/// Images as they are.
pub(crate) fn none(shape: ImageShape) -> anyhow::Result<Normalisation> {
    Ok(Normalisation::preset("none", shape.channels)?)
}

/// Tensors by which no operation is the identity.
pub(crate) fn random_state(graph: &Graph) -> StateDict {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    let mut draw = |parameter: &Parameter| {
        let fan_in: usize = parameter.shape.iter().skip(1).product();
        let (centre, width) = match parameter.role {
            ParameterRole::Weight => (0.0, 1.7 / (fan_in as f32).sqrt()),
            ParameterRole::Scale | ParameterRole::RunningVar => (1.0, 0.5),
            ParameterRole::Bias | ParameterRole::Shift | ParameterRole::RunningMean => (0.0, 0.5),
        };
        let values = (0..parameter.len()).map(|_| centre + width * generator.random_range(-1.0..1.0_f32)).collect();
        StateTensor { shape: parameter.shape.clone(), values }
    };
    graph.parameters.iter().map(|parameter| (parameter.name.clone(), draw(parameter))).collect()
}

/// Seven images.
pub(crate) fn random_images(shape: ImageShape) -> anyhow::Result<ProbeSet> {
    let mut generator = ChaCha8Rng::seed_from_u64(2);
    let values = (0..7 * shape.len()).map(|_| generator.random_range(-1.0..1.0_f32)).collect();
    Ok(ProbeSet::new("random images", shape, Pixels::F32(values), None, Vec::new())?)
}

/// A network with this many layers of two units.
pub(crate) fn tiny(folder: &Path, layers: usize, shape: ImageShape, seed: u64) -> anyhow::Result<PathBuf> {
    let hidden = vec![2; layers.saturating_sub(1)];
    let architecture = Architecture::from(Mlp { activation: Activation::Tanh, ..Mlp::new(shape.len(), &hidden, 2) });
    let state = initial_state(&architecture.graph(shape)?, seed);
    let path = folder.join(format!("tiny-{seed}.safetensors"));
    std::fs::write(&path, save_safetensors(&architecture, &state, Precision::F32, &Metadata::default())?)?;
    Ok(path)
}

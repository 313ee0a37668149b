//! Networks as graphs of standard operations, with named taps.
//!
//! To add an architecture, write one file with a struct that implements [`Family`], and name the struct in the list of
//! `architecture.rs`.

mod activation;
mod architecture;
mod assumption;
#[cfg(feature = "devices")]
mod batch_norm;
mod builder;
mod chain;
mod cifar_resnet;
mod cnn;
mod densenet;
mod family;
mod forks;
mod graph;
mod head;
mod hidden;
mod initial;
mod layers;
mod mlp;
mod modules;
#[cfg(feature = "devices")]
mod network;
mod normalise;
#[cfg(test)]
#[cfg(feature = "devices")]
mod parity;
#[cfg(feature = "devices")]
mod pointwise;
mod pool;
mod residual;
mod resnet;
mod roles;
mod state;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_chains;
mod unknown;

pub use activation::Activation;
pub use architecture::Architecture;
pub use assumption::{Assumption, Choices, Said, parse_choices};
pub use builder::{Convolution, GraphBuilder};
pub use cifar_resnet::CifarResnet;
pub use cnn::{Cnn, ConvBlock, Head};
pub use densenet::DenseNet;
pub use family::{ExpectedInput, Family, InferenceError, TensorShapes};
pub use graph::{Graph, ModelError, Node, NodeId, Operation, Parameter, ParameterRole, Shape, Tap};
pub use initial::initial_state;
pub(crate) use layers::holds_attention;
pub use mlp::{LinearLayer, Mlp};
pub(crate) use modules::{ATTRIBUTES, TEXTS, own_classes};
pub use modules::{Module, Modules};
#[cfg(feature = "devices")]
pub use network::{BurnNetwork, NetworkError, Value};
pub use normalise::{LayerOrder, Norm, NormKind};
pub use pool::{Pool, PoolKind};
pub use residual::{ChannelGate, ConvLayer, GateLayer, Residual, ResidualBlock, ResidualOrder, Shortcut};
pub use resnet::{Resnet, ResnetBlock, ResnetNames, ResnetStem};
pub(crate) use roles::{follows_another, networks_side_by_side};
pub use state::{StateDict, StateTensor};

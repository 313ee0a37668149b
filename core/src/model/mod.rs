//! Networks as graphs of standard operations, with named taps.
//!
//! To add an architecture, write one file with a struct that implements [`Family`], and name the struct in the list of
//! `architecture.rs`.

mod architecture;
#[cfg(feature = "devices")]
mod batch_norm;
mod builder;
mod cifar_resnet;
mod cnn;
mod family;
mod graph;
mod head;
mod initial;
mod layers;
mod mlp;
#[cfg(feature = "devices")]
mod network;
#[cfg(test)]
#[cfg(feature = "devices")]
mod parity;
mod resnet;
mod state;
#[cfg(test)]
mod tests;

pub use architecture::Architecture;
pub use builder::{Convolution, GraphBuilder};
pub use cifar_resnet::CifarResnet;
pub use cnn::{Cnn, ConvBlock, Head, Pool};
pub use family::{ExpectedInput, Family, InferenceError, TensorShapes};
pub use graph::{Graph, ModelError, Node, NodeId, Operation, Parameter, ParameterRole, Shape, Tap};
pub use initial::initial_state;
pub use mlp::{Activation, LinearLayer, Mlp};
#[cfg(feature = "devices")]
pub use network::{BurnNetwork, NetworkError, Value};
pub use resnet::{Resnet, ResnetBlock, ResnetNames, ResnetStem};
pub use state::{StateDict, StateTensor};

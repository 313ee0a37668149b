//! Networks as graphs of standard operations, with named taps.

mod graph;

pub use graph::{Graph, ModelError, Node, NodeId, Operation, Parameter, ParameterRole, Shape, Tap};

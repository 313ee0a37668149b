//! Named tensors on the host.

use std::collections::BTreeMap;

/// A tensor on the host, row-major, in single precision.
#[derive(Debug, Clone, PartialEq)]
pub struct StateTensor {
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// The values.
    pub values: Vec<f32>,
}

/// Tensors by PyTorch's name.
pub type StateDict = BTreeMap<String, StateTensor>;

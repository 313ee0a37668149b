//! From the bytes of a file to the weights of a network.

mod state;

pub use state::{StateDict, StateTensor};

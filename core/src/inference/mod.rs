//! How sure a value is: what chance alone makes of it.
//!
//! Knows measures of two layers and what they prepared, nothing else. The samples of one network are put in random order, so that
//! nothing connects them with the other's, and the measure is computed again of what was prepared: no network runs, and no
//! Gram matrix is formed a second time.

mod calibration;
mod false_discovery;
mod null;

pub use calibration::{Calibration, calibrate};
pub use false_discovery::benjamini_hochberg;
pub use null::{NullMaps, Permutations};

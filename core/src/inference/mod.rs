//! How sure a value is: what chance alone makes of it, and how much other samples would change it.
//!
//! Knows measures of two layers and what they prepared, nothing else. The samples of one network are put in random order, so that
//! nothing connects them with the other's, and the measure is computed again of what was prepared: no network runs, and no
//! Gram matrix is formed a second time. For an interval, samples are drawn anew with replacement from those that there are, and
//! the measure prepares what is kept of them.

mod bootstrap;
mod calibration;
mod false_discovery;
mod interval;
mod normal;
mod null;

pub use bootstrap::{ResampledMaps, Resamples};
pub use calibration::{Calibration, calibrate};
pub use false_discovery::benjamini_hochberg;
pub use interval::{Interval, IntervalMethod, NoInterval, interval};
pub use null::{NullMaps, Permutations};

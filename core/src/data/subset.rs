//! Choosing some of the samples.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a number of samples is chosen from a probe set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subset {
    /// The first ones in file order.
    First,
    /// The same number of each class, chosen by this seed, in file order.
    Stratified {
        /// Seed of the generator.
        seed: u64,
    },
}

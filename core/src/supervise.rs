//! Progress and cancellation of long work.

use serde::{Deserialize, Serialize};

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Reading and recognising files.
    Read,
    /// Running a network over the probe set.
    Forward,
    /// The work done once per layer: Gram matrices and decompositions.
    Prepare,
    /// The work done once per pair of layers.
    Compare,
    /// The same of samples in random order.
    Null,
    /// The same of samples drawn anew.
    Bootstrap,
}

/// Where long work stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// The network that it is done to, by name; empty when it is about all of them.
    pub network: String,
    /// The layer or pair of layers that it is done to.
    pub layer: String,
    /// The done part of the whole study, from 0 to 1, never decreasing.
    pub fraction: f64,
}

/// The work was cancelled by whoever asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// Whoever watches long work: is told how far it is, and says whether it goes on.
pub trait Supervisor {
    /// Takes note of progress. Called often: must be cheap.
    fn progress(&self, progress: Progress);

    /// Called between units of work that take well under a second. A browser worker hands the thread back to its event
    /// loop here, so that a request to cancel can arrive; a native caller looks at a flag.
    ///
    /// # Errors
    /// [`Cancelled`] when the work is to stop.
    fn pause(&self) -> impl Future<Output = Result<(), Cancelled>>;
}

/// Watches nothing and never cancels.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsupervised;

impl Supervisor for Unsupervised {
    fn progress(&self, _progress: Progress) {}

    async fn pause(&self) -> Result<(), Cancelled> {
        Ok(())
    }
}

//! What networks are run on.

use super::HostEngine;

/// What networks are run on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Engine {
    /// The processor.
    Host(HostEngine),
}

impl Engine {
    /// The processor, with at most this many threads of the pool that it is called from.
    #[must_use]
    pub fn host(threads: usize) -> Self {
        Self::Host(HostEngine::new(threads))
    }

    /// Machine id: `cpu` for the processor.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Host(_) => "cpu",
        }
    }

    /// What people read: `CPU, 8 threads`.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Host(host) => match host.threads() {
                1 => "CPU, 1 thread".to_owned(),
                threads => format!("CPU, {threads} threads"),
            },
        }
    }
}

//! Why a host function did not do what a guest asked. It travels through the guest as the error of the trap and comes
//! out typed (`trap.rs`).

use thiserror::Error;

use dataflow::port::call::OutputLimit;
use dataflow::port::state::StateError;

/// A host function refused.
#[derive(Clone, Debug, Error)]
pub(crate) enum Refusal {
    /// State or timers refused.
    #[error(transparent)]
    State(#[from] StateError),
    /// The guest handed over columns that are no batch, or named something that does not exist.
    #[error("{0}")]
    Malformed(String),
    /// The guest is over a limit that the host counts.
    #[error("over the limit on {limit}: {used} used, {allowed} allowed")]
    Limit {
        /// Which limit.
        limit: &'static str,
        /// What it used.
        used: u64,
        /// What it may use.
        allowed: u64,
    },
}

impl From<OutputLimit> for Refusal {
    fn from(limit: OutputLimit) -> Self {
        Self::Limit {
            limit: "output per call (bytes)",
            used: limit.used,
            allowed: limit.allowed,
        }
    }
}

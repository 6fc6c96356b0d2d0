//! What can be wrong with a savepoint, or with reading, writing and converting state outside of a running job.

use std::path::Path;

use dataflow::port::state::StateError;
use thiserror::Error;

/// A savepoint cannot be written, read or used.
#[derive(Debug, Error)]
pub(crate) enum SavepointError {
    /// A file or directory refuses.
    #[error("savepoint file {path}: {action}: {reason}")]
    File {
        /// Which one.
        path: String,
        /// What was tried.
        action: &'static str,
        /// What was wrong.
        reason: String,
    },
    /// What is at a path is neither a checkpoint nor a savepoint.
    #[error(
        "{path}: {reason}: give a savepoint's directory, or the directory of a job's checkpoints"
    )]
    Unknown {
        /// Which path.
        path: String,
        /// What is missing.
        reason: String,
    },
    /// Its metadata contradicts itself.
    #[error("the metadata is not readable: {0}")]
    Metadata(String),
    /// State of a backend cannot be read or written.
    #[error("state of {chain}: {source}")]
    State {
        /// The operators of the chain.
        chain: String,
        /// What happened.
        source: StateError,
    },
    /// Values of a state are not of the schema it was declared with.
    #[error(
        "state \"{state}\": a value is not of the schema it was saved with, so it cannot be migrated"
    )]
    Value {
        /// Operator uid and name of the state.
        state: String,
    },
    /// It does not fit the job.
    #[error("the state does not fit the job: {}", reasons.join("; "))]
    Unfit {
        /// Every state that does not, with why.
        reasons: Vec<String>,
    },
    /// There is no such state.
    #[error("there is no state \"{asked}\"; there are: {known}")]
    NoState {
        /// What was asked for.
        asked: String,
        /// What there is.
        known: String,
    },
    /// A key as JSON does not fit the schema.
    #[error("key {key}: {reason}")]
    Key {
        /// The key.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

impl SavepointError {
    /// A file refuses.
    pub(crate) fn file(path: &Path, action: &'static str, reason: impl Into<String>) -> Self {
        Self::File {
            path: path.display().to_string(),
            action,
            reason: reason.into(),
        }
    }
}

//! Why a job could not be deployed or failed, and what may help.

use dataflow::checkpoint::coordinator::DeclineReason;
use dataflow::ids::{CheckpointId, TaskId};
use dataflow::port::error::Recovery;
use dataflow::port::sink::ConnectorError;
use runtime::task::error::TaskError;
use thiserror::Error;

use super::restore::RestoreError;
use crate::savepoint::error::SavepointError;
use crate::storage::checkpoint_store::StoreError;

/// A job could not be deployed.
#[derive(Debug, Error)]
pub(crate) enum DeployError {
    /// The checkpoint does not fit.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The state does not fit, or cannot be made to.
    #[error(transparent)]
    Savepoint(#[from] SavepointError),
    /// A source or sink refused.
    #[error("operator \"{uid}\": {source}")]
    Connector {
        /// Which operator.
        uid: String,
        /// What happened.
        source: ConnectorError,
    },
    /// A thread or a directory could not be made.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// A file that the operators are promised could not be fetched.
    #[error("{0}")]
    Resources(String),
}

impl DeployError {
    /// What may help.
    pub(crate) fn recovery(&self) -> Recovery {
        match self {
            Self::Restore(_) | Self::Savepoint(_) => Recovery::FailJob,
            Self::Connector { source, .. } => source.recovery(),
            Self::Task(error) => error.recovery(),
            Self::Resources(_) => Recovery::RestartJob,
        }
    }
}

/// Why a job failed.
#[derive(Debug, Error)]
pub(crate) enum JobFailure {
    /// Its tasks could not be made.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// The checkpoint to go on from could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something of the host itself gave way.
    #[error("{0}")]
    Internal(String),
    /// A task could not go on.
    #[error("{chain} (subtask {}): {source}", id.subtask)]
    Task {
        /// Name of the chain.
        chain: String,
        /// Which task.
        id: TaskId,
        /// What happened.
        source: TaskError,
    },
    /// Too many checkpoints failed.
    #[error("checkpoints keep failing: {0}")]
    Checkpoints(DeclineReason),
    /// Further splits could not be discovered.
    #[error("operator \"{uid}\": {source}")]
    Discovery {
        /// Uid of the source.
        uid: String,
        /// What happened.
        source: ConnectorError,
    },
    /// The output could not be published.
    #[error("output of {checkpoint} could not be published: {reason}")]
    Commit {
        /// Which checkpoint.
        checkpoint: CheckpointId,
        /// What happened.
        reason: String,
    },
}

impl JobFailure {
    /// What may help.
    pub(crate) fn recovery(&self) -> Recovery {
        match self {
            Self::Deploy(error) => error.recovery(),
            Self::Task { source, .. } => source.recovery(),
            Self::Discovery { source, .. } => source.recovery(),
            Self::Store(_) | Self::Checkpoints(_) | Self::Commit { .. } | Self::Internal(_) => {
                Recovery::RestartJob
            }
        }
    }

    /// The task that failed and the name of its chain, if it was one.
    pub(crate) fn task(&self) -> Option<(TaskId, String)> {
        match self {
            Self::Task { chain, id, .. } => Some((*id, chain.clone())),
            _ => None,
        }
    }
}

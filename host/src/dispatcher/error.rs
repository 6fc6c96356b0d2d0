//! Why the dispatcher refused, by whose turn it is to do something about it.

use dataflow::ids::JobId;
use dataflow::limits::ACTIVE_JOBS_MAX;
use thiserror::Error;

use super::slots::NoSlots;
use crate::savepoint::error::SavepointError;
use crate::scheduler::command::CommandError;

/// Why something was not done.
#[derive(Debug, Error)]
pub(crate) enum DispatchError {
    /// No job has this id.
    #[error("there is no job {0}")]
    NoSuchJob(JobId),
    /// The job is over.
    #[error("job {0} has ended: it is {1}")]
    Ended(JobId, String),
    /// The job is not over.
    #[error("job {0} is {1}: cancel it first")]
    NotEnded(JobId, &'static str),
    /// No component has this digest or name.
    #[error("there is no component \"{0}\": upload it first")]
    NoSuchComponent(String),
    /// No operation has this id.
    #[error("there is no operation \"{0}\" on this job, or it was forgotten")]
    NoSuchOperation(String),
    /// Nothing is kept that could be looked at.
    #[error("{0}")]
    NoState(String),
    /// A job needs the component.
    #[error("component {0} is used by job {1}: cancel the job first")]
    ComponentInUse(String, JobId),
    /// What was submitted cannot run.
    #[error("{0}")]
    Refused(String),
    /// The process runs one job and takes no other.
    #[error("this process runs one job only: start `wasmill cluster` to submit jobs")]
    NoSubmissions,
    /// There are not enough slots.
    #[error(transparent)]
    Slots(#[from] NoSlots),
    /// There are too many jobs.
    #[error("{ACTIVE_JOBS_MAX} jobs have not ended: cancel one first")]
    Full,
    /// The job did not do what it was asked.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The data directory gave way.
    #[error("{path}: {action}: {reason}")]
    Storage {
        /// Which file or folder.
        path: String,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        reason: String,
    },
    /// Something of the host itself gave way.
    #[error("{0}")]
    Internal(String),
}

impl From<SavepointError> for DispatchError {
    fn from(error: SavepointError) -> Self {
        match error {
            SavepointError::NoState { .. } | SavepointError::Unknown { .. } => {
                Self::NoState(error.to_string())
            }
            SavepointError::Key { .. } => Self::Refused(error.to_string()),
            error => Self::Internal(error.to_string()),
        }
    }
}

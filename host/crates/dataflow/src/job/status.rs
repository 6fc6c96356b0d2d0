//! The states of a job and the declared transitions between them. The words are Flink's.
//!
//! Keeps: a job that has ended stays ended, and an undeclared transition changes nothing. Says nothing of why a job
//! changes its state.

use thiserror::Error;

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStatus {
    /// Submitted; it waits for slots, or its tasks are being made.
    Created,
    /// Its tasks process records.
    Running,
    /// A task failed and the others are being stopped.
    Failing,
    /// It will be deployed again, now or after a delay.
    Restarting,
    /// It was told to end and its tasks are being stopped.
    Cancelling,
    /// It came to the end of its input, or was stopped with a savepoint.
    Finished,
    /// It failed and is not started again.
    Failed,
    /// It was told to end and did.
    Canceled,
    /// The process stopped with the job under way; the next one goes on with it.
    Suspended,
}

/// Every state, in the order of the times of a [`StatusHistory`].
pub const JOB_STATUSES: [JobStatus; 9] = [
    JobStatus::Created,
    JobStatus::Running,
    JobStatus::Failing,
    JobStatus::Restarting,
    JobStatus::Cancelling,
    JobStatus::Finished,
    JobStatus::Failed,
    JobStatus::Canceled,
    JobStatus::Suspended,
];

impl JobStatus {
    /// The name in the REST API and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Running => "RUNNING",
            Self::Failing => "FAILING",
            Self::Restarting => "RESTARTING",
            Self::Cancelling => "CANCELLING",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Canceled => "CANCELED",
            Self::Suspended => "SUSPENDED",
        }
    }

    /// Whether the job is over for good.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Canceled)
    }

    /// The declared transitions.
    pub fn may_become(self, next: Self) -> bool {
        use JobStatus::{
            Canceled, Cancelling, Created, Failed, Failing, Finished, Restarting, Running,
            Suspended,
        };
        match self {
            Created => matches!(next, Running | Failing | Cancelling | Suspended),
            Running => matches!(
                next,
                Failing | Restarting | Cancelling | Finished | Suspended
            ),
            Failing => matches!(next, Restarting | Failed | Cancelling | Suspended),
            Restarting => matches!(next, Running | Failing | Cancelling | Suspended),
            Cancelling => matches!(next, Canceled | Failing | Suspended),
            Suspended => matches!(next, Created),
            Finished | Failed | Canceled => false,
        }
    }
}

/// A transition that is not declared.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a job that is {} cannot become {}", from.name(), to.name())]
pub struct IllegalTransition {
    /// The state it has.
    pub from: JobStatus,
    /// The state it was to have.
    pub to: JobStatus,
}

/// The state of a job and when it last took each one.
#[derive(Clone, Debug)]
pub struct StatusHistory {
    status: JobStatus,
    since_ms: [Option<i64>; JOB_STATUSES.len()],
}

impl StatusHistory {
    /// A job that was just submitted.
    pub fn new(now_ms: i64) -> Self {
        let mut history = Self {
            status: JobStatus::Created,
            since_ms: [None; JOB_STATUSES.len()],
        };
        history.stamp(now_ms);
        history
    }

    /// The state it has.
    pub fn status(&self) -> JobStatus {
        self.status
    }

    /// When it last took a state (milliseconds since the Unix epoch).
    pub fn since_ms(&self, status: JobStatus) -> Option<i64> {
        self.since_ms[status as usize]
    }

    /// Takes another state; staying in the same one is no transition and no error.
    ///
    /// # Errors
    /// The transition is not declared; nothing has changed.
    pub fn transition(&mut self, to: JobStatus, now_ms: i64) -> Result<(), IllegalTransition> {
        if to == self.status {
            return Ok(());
        }
        if !self.status.may_become(to) {
            let from = self.status;
            return Err(IllegalTransition { from, to });
        }
        self.status = to;
        self.stamp(now_ms);
        Ok(())
    }

    fn stamp(&mut self, now_ms: i64) {
        self.since_ms[self.status as usize] = Some(now_ms);
    }
}

#[cfg(test)]
mod tests;

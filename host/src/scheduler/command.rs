//! What the outside may ask of a running job, and the handle it asks through. A command is answered when it is done,
//! not when it is taken; one that the job can no longer carry out is answered with why.

use std::sync::Arc;

use dataflow::ids::CheckpointId;
use dataflow::limits::JOB_COMMANDS_MAX;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use super::job_view::JobView;
use super::order::{ReplaceOrder, SavepointOrder};
use super::replay::ReplayOrder;

/// Why a command was not carried out.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum CommandError {
    /// The job is not in a state in which it could.
    #[error("the job is {0}: try again when it is RUNNING")]
    NotNow(&'static str),
    /// Its commands are not read any more.
    #[error("the job has ended")]
    Ended,
    /// Too many commands wait.
    #[error("too many commands wait for the job already")]
    Busy,
    /// There is nothing that a savepoint or another job could go on from.
    #[error("the job keeps no checkpoints: run it with --checkpoint-interval")]
    NoCheckpoints,
    /// The job is another than the one that was looked at.
    #[error("the job was changed meanwhile: try again")]
    Outdated,
    /// The new job did not come through its trial.
    #[error("the job went back to what it was: {0}")]
    RolledBack(String),
    /// The savepoint could not be written.
    #[error("{0}")]
    Savepoint(String),
    /// Dead letters cannot be replayed.
    #[error("{0}")]
    Replay(String),
    /// A checkpoint was given up.
    #[error("{checkpoint} was given up: {reason}")]
    Checkpoint {
        /// Which one.
        checkpoint: CheckpointId,
        /// Why.
        reason: String,
    },
}

/// Takes the answer to a command. Whoever asked may have gone; then nobody is told.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, CommandError>>;

/// A command.
#[derive(Debug)]
pub(crate) enum JobCommand {
    /// Take a checkpoint now; answered when it is complete.
    Checkpoint(Reply<CheckpointId>),
    /// Take a savepoint; answered when it is written.
    Savepoint(SavepointOrder),
    /// Put another job in the place of this one; answered when that has completed a checkpoint.
    Replace(ReplaceOrder),
    /// Process dead letters once more; answered when a checkpoint is complete that has what came of them.
    Replay(ReplayOrder),
    /// Take a last checkpoint if checkpoints are kept, then stop; whoever starts the job again goes on from it.
    Suspend,
    /// Stop at once.
    Cancel,
}

/// A job as the outside holds it. Cheap to clone; usable from every thread.
#[derive(Clone)]
pub(crate) struct JobHandle {
    /// What can be seen of it.
    pub(crate) view: Arc<JobView>,
    commands: mpsc::Sender<JobCommand>,
}

impl JobHandle {
    /// A handle, and the end where its commands arrive.
    pub(crate) fn new(view: Arc<JobView>) -> (Self, mpsc::Receiver<JobCommand>) {
        let (commands, receiver) = mpsc::channel(JOB_COMMANDS_MAX);
        (Self { view, commands }, receiver)
    }

    /// Sends a command that is not answered. Does not block.
    ///
    /// # Errors
    /// The job has ended, or too many commands wait.
    pub(crate) fn send(&self, command: JobCommand) -> Result<(), CommandError> {
        self.commands
            .try_send(command)
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => CommandError::Busy,
                mpsc::error::TrySendError::Closed(_) => CommandError::Ended,
            })
    }

    /// Sends a command and waits until it is done.
    ///
    /// # Errors
    /// It could not be carried out.
    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> JobCommand,
    ) -> Result<T, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply))?;
        answer.await.unwrap_or(Err(CommandError::Ended))
    }
}

//! What was asked of a job that begins or ends with a checkpoint: the checkpoint itself, a savepoint, another job in its
//! place, or dead letters replayed. Orders wait until a checkpoint is complete that was triggered after them.

use std::path::PathBuf;
use std::sync::Arc;

use dataflow::ids::CheckpointId;

use super::command::{CommandError, Reply};
use super::job::Job;
use super::replacement::Replaced;
use super::replay::ReplayOrder;

/// What happens after a savepoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// The job goes on.
    Resume,
    /// The job ends.
    Stop,
    /// The sources end first, so windows and timers fire and all output is published; then the job ends.
    Drain,
}

/// A savepoint that was asked for.
#[derive(Debug)]
pub(crate) struct SavepointOrder {
    /// The directory in which it gets one of its own.
    pub(crate) target: PathBuf,
    /// What happens then.
    pub(crate) then: Afterwards,
    /// Told where it is.
    pub(crate) reply: Reply<PathBuf>,
}

/// A job in the place of the one that runs: the same at another parallelism, or with another component.
#[derive(Debug)]
pub(crate) struct ReplaceOrder {
    /// The job that was looked at to make the other.
    pub(crate) base: Arc<Job>,
    /// The other.
    pub(crate) next: Arc<Job>,
    /// Told when the other has completed a checkpoint.
    pub(crate) reply: Reply<Replaced>,
}

/// An order.
#[derive(Debug)]
pub(crate) enum Order {
    /// A checkpoint.
    Checkpoint(Reply<CheckpointId>),
    /// A savepoint.
    Savepoint(SavepointOrder),
    /// Another job.
    Replace(ReplaceOrder),
    /// Dead letters.
    Replay(ReplayOrder),
}

impl Order {
    /// Answers that it is not carried out.
    pub(crate) fn refuse(self, why: CommandError) {
        // Whoever asked may have gone.
        match self {
            Self::Checkpoint(reply) => drop(reply.send(Err(why))),
            Self::Savepoint(order) => drop(order.reply.send(Err(why))),
            Self::Replace(order) => drop(order.reply.send(Err(why))),
            Self::Replay(order) => drop(order.reply.send(Err(why))),
        }
    }
}

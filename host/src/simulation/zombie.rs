//! A process that stood still while it was about to make a checkpoint real, and goes on when another has taken the job over:
//! it must find out before anything it does counts.

use dataflow::checkpoint::snapshot::CompletedCheckpoint;

use crate::scheduler::job::Job;
use crate::scheduler::publishing::commit_sinks;
use crate::storage::checkpoint_store::CheckpointStore;
use crate::storage::metadata::describe;

/// Makes a complete checkpoint of a job's attempt real.
///
/// # Errors
/// The store refuses; a text.
pub(super) fn make_real(
    store: &mut CheckpointStore,
    job: &Job,
    checkpoint: &CompletedCheckpoint,
    attempt: u32,
) -> Result<(), String> {
    let (graph, execution) = (&job.graph, &job.execution);
    let (digests, operators) = (job.digests(), job.operators());
    let metadata = describe(checkpoint, graph, execution, &digests, operators, attempt);
    let committed = store.commit(&metadata);
    committed.map_err(|error| error.to_string())
}

/// The process.
pub(super) struct Zombie {
    /// Its job.
    pub(super) job: Job,
    /// Its attempt.
    pub(super) attempt: u32,
    /// Its checkpoints.
    pub(super) store: CheckpointStore,
    /// What it was about to do.
    pub(super) checkpoint: Box<CompletedCheckpoint>,
}

impl Zombie {
    /// Does what it was about to do, and what comes after that. Gives what became of it.
    pub(super) fn goes_on(mut self) -> Result<(), String> {
        make_real(&mut self.store, &self.job, &self.checkpoint, self.attempt)?;
        commit_sinks(&self.job, &self.checkpoint)
    }
}

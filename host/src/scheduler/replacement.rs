//! Another job in the place of a running one, on trial until it has completed a checkpoint.
//!
//! Where nothing but components has changed, and they keep the same states and ports, the tasks change their logic in
//! place, at a barrier. Everything else (another parallelism, states to migrate, sources and sinks in a component) goes by
//! a deployment from the last checkpoint. If the new job fails on trial, the old one goes on from the checkpoint before.

use std::collections::BTreeSet;
use std::sync::Arc;

use dataflow::graph::logical::OperatorKind;
use dataflow::ids::{CheckpointId, TaskId};
use runtime::task::mailbox::Mail;
use runtime::task::replacement::Replacement;

use super::command::Reply;
use super::deploy::RunningTask;
use super::fragment::fragment_spec;
use super::job::Job;
use crate::savepoint::fit::{Fit, Verdict};

/// What a replacement came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replaced {
    /// The checkpoint that the new job went on from.
    pub(crate) checkpoint: u64,
    /// Whether the tasks went on running and changed their logic only.
    pub(crate) in_place: bool,
    /// How long records were not processed (nanoseconds): of the task that stood still longest, or from the old tasks
    /// being told to end until the last new one ran.
    pub(crate) pause_ns: u64,
}

/// A job on trial.
#[derive(Debug)]
pub(crate) struct Trial {
    /// The job that ran before.
    pub(crate) previous: Arc<Job>,
    /// What it came to so far.
    pub(crate) replaced: Replaced,
    /// When the old tasks were told to end (monotonic nanoseconds).
    pub(crate) began_ns: u64,
    /// Tasks that have not begun to run the new job.
    pub(crate) outstanding: BTreeSet<TaskId>,
    /// Told how it went.
    pub(crate) reply: Reply<Replaced>,
}

/// The tasks that run other logic in the new job, if the rest of the job need not notice.
pub(crate) fn in_place(old: &Job, new: &Job) -> Option<BTreeSet<u32>> {
    let same_shape = old.execution == new.execution
        && old.parallelism == new.parallelism
        && old.components.len() == new.components.len();
    if !same_shape {
        return None;
    }
    let changed = |index: usize| old.components[index].digest != new.components[index].digest;
    // Sources and sinks of a component are not tasks' logic: their readers and writers are of the old one.
    let mut operators = new.graph.operators.iter();
    if operators.any(|it| it.component.is_some_and(|id| changed(id.0 as usize))) {
        return None;
    }
    let connectors = |job: &Job| -> Vec<OperatorKind> {
        let kinds = job.graph.operators.iter().map(|it| it.kind.clone());
        kinds
            .filter(|it| !matches!(it, OperatorKind::Logic { .. }))
            .collect()
    };
    if connectors(old) != connectors(new) {
        return None;
    }
    let fit = Fit::between(&old.operators(), &new.operators());
    let same = |verdict: &Verdict| matches!(verdict, Verdict::Same);
    if !fit.problems.is_empty() || !fit.states.iter().all(|state| same(&state.verdict)) {
        return None;
    }
    let vertices = new.execution.vertices.iter();
    let of_changed = vertices.filter(|it| it.component.is_some_and(|id| changed(id.0 as usize)));
    Some(of_changed.map(|vertex| vertex.id.0).collect())
}

/// Tells the tasks of some chains to run the logic of another job from a barrier on; gives which they are.
///
/// # Errors
/// A mailbox is full; its task.
pub(crate) fn post(
    next: &Job,
    chains: &BTreeSet<u32>,
    tasks: &[RunningTask],
    at: CheckpointId,
    attempt: u32,
) -> Result<BTreeSet<TaskId>, TaskId> {
    let mut told = BTreeSet::new();
    for task in tasks
        .iter()
        .filter(|task| chains.contains(&task.id.vertex.0))
    {
        let vertex = &next.execution.vertices[task.id.vertex.0 as usize];
        let Some(component) = next.component_of(vertex) else {
            continue;
        };
        let replacement = Replacement {
            at,
            operators: Arc::clone(&component.operators),
            fragment: fragment_spec(next, vertex, component, task.id.subtask, attempt),
        };
        if !task.mailbox.post(Mail::Replace(Arc::new(replacement))) {
            return Err(task.id);
        }
        told.insert(task.id);
    }
    Ok(told)
}

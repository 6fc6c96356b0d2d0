//! When a checkpoint is due, complete, or given up. Facts go in with the time, decisions come out; nothing is awaited.
//!
//! One checkpoint is under way at a time. Numbers only grow, also over failures, so a late acknowledgement of an
//! abandoned checkpoint is recognised by its number.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::checkpoint::snapshot::{CompletedCheckpoint, SnapshotTimings, TaskSnapshot};
use crate::ids::{CheckpointId, TaskId, VertexId};

/// When to take checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointConfig {
    /// Time between two triggers; `None` takes none but the final one.
    pub interval_ms: Option<i64>,
    /// A checkpoint that takes longer is given up.
    pub timeout_ms: i64,
    /// Least time between the end of one and the trigger of the next.
    pub min_pause_ms: i64,
    /// So many may fail in a row before the job fails.
    pub tolerated_failures: u32,
}

/// Why a checkpoint was not completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclineReason {
    /// It took longer than the timeout; the tasks that had not acknowledged.
    Timeout(Vec<TaskId>),
    /// Writing a task's snapshot went wrong.
    SnapshotFailed(TaskId, String),
    /// The store refused the metadata.
    StoreFailed(String),
    /// Some subtasks of a vertex had finished and others had not, so its state is of two times.
    PartlyFinished(TaskId),
}

impl fmt::Display for DeclineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(tasks) => {
                let names: Vec<String> = tasks.iter().map(TaskId::to_string).collect();
                write!(f, "timed out waiting for {}", names.join(", "))
            }
            Self::SnapshotFailed(task, reason) => write!(f, "snapshot of {task}: {reason}"),
            Self::StoreFailed(reason) => write!(f, "checkpoint store: {reason}"),
            Self::PartlyFinished(task) => {
                write!(f, "{task} had finished while others of its vertex had not")
            }
        }
    }
}

/// What the job master has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Send the trigger to every task.
    Trigger(CheckpointId),
    /// All parts are there: store it, then report to [`Coordinator::stored`].
    Store(Box<CompletedCheckpoint>),
    /// Give it up; the job goes on.
    Abort(CheckpointId, DeclineReason),
    /// Too many failed in a row.
    FailJob(DeclineReason),
}

/// The coordinator of one job.
#[derive(Debug)]
pub struct Coordinator {
    config: CheckpointConfig,
    tasks: BTreeSet<TaskId>,
    /// Vertices whose tasks keep no position of their own, so they may not be caught half finished.
    must_finish_together: BTreeSet<u32>,
    next_id: u64,
    pending: Option<Pending>,
    storing: Option<CheckpointId>,
    next_trigger_ms: Option<i64>,
    failures_in_a_row: u32,
    /// Tasks that have to finish before the first checkpoint: a barrier could not pass the inputs that wait for them.
    held_for: BTreeSet<TaskId>,
}

#[derive(Debug)]
struct Pending {
    id: CheckpointId,
    triggered_ms: i64,
    awaited: BTreeSet<TaskId>,
    parts: BTreeMap<TaskId, (TaskSnapshot, SnapshotTimings)>,
}

impl Coordinator {
    /// A coordinator whose first checkpoint has the number `first_id`. `sources` are the tasks that read splits.
    pub fn new(
        config: CheckpointConfig,
        tasks: impl IntoIterator<Item = TaskId>,
        sources: &BTreeSet<u32>,
        first_id: CheckpointId,
        now_ms: i64,
    ) -> Self {
        let tasks: BTreeSet<TaskId> = tasks.into_iter().collect();
        let vertices = tasks.iter().map(|task| task.vertex.0);
        Self {
            config,
            must_finish_together: vertices
                .filter(|vertex| !sources.contains(vertex))
                .collect(),
            tasks,
            next_id: first_id.0,
            pending: None,
            storing: None,
            next_trigger_ms: config.interval_ms.map(|interval| now_ms + interval),
            failures_in_a_row: 0,
            held_for: BTreeSet::new(),
        }
    }

    /// Takes no checkpoint before these vertices have finished.
    #[must_use]
    pub fn held_for(mut self, vertices: &BTreeSet<VertexId>) -> Self {
        let mut tasks = self.tasks.clone();
        tasks.retain(|task| vertices.contains(&task.vertex));
        self.held_for = tasks;
        self
    }

    /// Whether no checkpoint can be taken yet.
    pub fn is_held(&self) -> bool {
        !self.held_for.is_empty()
    }

    /// A task has processed all its input.
    pub fn finished(&mut self, task: TaskId) {
        self.held_for.remove(&task);
    }

    /// When [`Coordinator::on_time`] wants to be called next.
    pub fn next_time_ms(&self) -> Option<i64> {
        if let Some(pending) = &self.pending {
            return Some(pending.triggered_ms + self.config.timeout_ms);
        }
        if self.storing.is_some() || self.is_held() {
            None
        } else {
            self.next_trigger_ms
        }
    }

    /// The checkpoint under way.
    pub fn pending(&self) -> Option<CheckpointId> {
        self.pending
            .as_ref()
            .map(|pending| pending.id)
            .or(self.storing)
    }

    /// Time has passed.
    pub fn on_time(&mut self, now_ms: i64) -> Option<Decision> {
        if let Some(pending) = &self.pending {
            if now_ms < pending.triggered_ms + self.config.timeout_ms {
                return None;
            }
            let late = pending.awaited.iter().copied().collect();
            return Some(self.give_up(DeclineReason::Timeout(late), now_ms));
        }
        let due = self.storing.is_none() && self.next_trigger_ms.is_some_and(|at| now_ms >= at);
        if due { self.trigger(now_ms) } else { None }
    }

    /// Asks for a checkpoint now; nothing happens while one is under way or none can be taken yet.
    pub fn trigger(&mut self, now_ms: i64) -> Option<Decision> {
        if self.pending().is_some() || self.is_held() {
            return None;
        }
        let id = CheckpointId(self.next_id);
        self.next_id += 1;
        let (awaited, parts) = (self.tasks.clone(), BTreeMap::new());
        self.pending = Some(Pending {
            id,
            triggered_ms: now_ms,
            awaited,
            parts,
        });
        Some(Decision::Trigger(id))
    }

    /// A task has written its part.
    pub fn acknowledge(
        &mut self,
        task: TaskId,
        checkpoint: CheckpointId,
        snapshot: TaskSnapshot,
        timings: SnapshotTimings,
        now_ms: i64,
    ) -> Option<Decision> {
        let pending = self
            .pending
            .as_mut()
            .filter(|pending| pending.id == checkpoint)?;
        if !pending.awaited.remove(&task) {
            return None;
        }
        pending.parts.insert(task, (snapshot, timings));
        if !pending.awaited.is_empty() {
            return None;
        }
        if let Some(task) = self.partly_finished() {
            return Some(self.give_up(DeclineReason::PartlyFinished(task), now_ms));
        }
        let pending = self.pending.take()?;
        self.storing = Some(pending.id);
        Some(Decision::Store(Box::new(CompletedCheckpoint {
            id: pending.id,
            triggered_ms: pending.triggered_ms,
            duration_ms: now_ms - pending.triggered_ms,
            tasks: pending
                .parts
                .into_iter()
                .map(|(task, (part, timings))| (task, part, timings))
                .collect(),
        })))
    }

    /// A task could not write its part.
    pub fn decline(
        &mut self,
        task: TaskId,
        checkpoint: CheckpointId,
        reason: String,
        now_ms: i64,
    ) -> Option<Decision> {
        self.pending
            .as_ref()
            .filter(|pending| pending.id == checkpoint)?;
        Some(self.give_up(DeclineReason::SnapshotFailed(task, reason), now_ms))
    }

    /// The store has it, or has not.
    pub fn stored(
        &mut self,
        checkpoint: CheckpointId,
        result: Result<(), String>,
        now_ms: i64,
    ) -> Option<Decision> {
        if self.storing != Some(checkpoint) {
            return None;
        }
        match result {
            Ok(()) => {
                self.storing = None;
                self.failures_in_a_row = 0;
                self.schedule_next(now_ms);
                None
            }
            Err(reason) => Some(self.give_up(DeclineReason::StoreFailed(reason), now_ms)),
        }
    }

    fn partly_finished(&self) -> Option<TaskId> {
        let parts = &self.pending.as_ref()?.parts;
        let finished = |task: &TaskId| parts.get(task).is_some_and(|(part, _)| part.finished);
        self.must_finish_together.iter().find_map(|vertex| {
            let mut of_vertex = self.tasks.iter().filter(|task| task.vertex.0 == *vertex);
            let done = of_vertex.clone().find(|task| finished(task))?;
            of_vertex.any(|task| !finished(task)).then_some(*done)
        })
    }

    fn give_up(&mut self, reason: DeclineReason, now_ms: i64) -> Decision {
        let id = self.pending().unwrap_or(CheckpointId(0));
        self.pending = None;
        self.storing = None;
        self.schedule_next(now_ms);
        // That a bounded job is about to end is no fault.
        if !matches!(reason, DeclineReason::PartlyFinished(_)) {
            self.failures_in_a_row += 1;
        }
        if self.failures_in_a_row > self.config.tolerated_failures {
            return Decision::FailJob(reason);
        }
        Decision::Abort(id, reason)
    }

    fn schedule_next(&mut self, now_ms: i64) {
        let after_pause = now_ms + self.config.min_pause_ms;
        self.next_trigger_ms = match (self.config.interval_ms, self.next_trigger_ms) {
            (Some(interval), Some(last)) => Some((last + interval).max(after_pause).max(now_ms)),
            _ => None,
        };
    }
}

#[cfg(test)]
mod tests;

//! When a checkpoint is due, complete, or given up. Facts go in with the time, decisions come out; nothing is awaited.
//!
//! As many checkpoints are under way as the configuration allows, but one at a time is stored, and when it is, older ones
//! are given up: a sink publishes what a newer checkpoint names, so an older one must not come after it. Numbers only
//! grow, also over failures, so a late acknowledgement of an abandoned checkpoint is recognised by its number.

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
    /// So many may be under way at once; at least 1.
    pub max_concurrent: usize,
    /// So many may fail in a row before the job fails.
    pub tolerated_failures: u32,
    /// So long after its trigger the barriers of a checkpoint overtake what is queued; `None`: they never do.
    pub overtakes_after_ms: Option<i64>,
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
    /// A newer one was complete first.
    Subsumed(CheckpointId),
}

impl DeclineReason {
    /// Whether something went wrong. That a newer one was faster is no fault.
    fn is_fault(&self) -> bool {
        !matches!(self, Self::Subsumed(_))
    }
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
            Self::Subsumed(newer) => write!(f, "{newer} was complete before it"),
        }
    }
}

/// What the job master has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Send the trigger to every task.
    Trigger(CheckpointId),
    /// Tell every task to wait no longer for its barriers: they overtake what is queued.
    Overtake(CheckpointId),
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
    next_id: u64,
    /// Under way and not being stored, by number.
    pending: BTreeMap<CheckpointId, Pending>,
    storing: Option<CheckpointId>,
    next_trigger_ms: Option<i64>,
    failures_in_a_row: u32,
    /// Tasks that have to finish before the first checkpoint: a barrier could not pass the inputs that wait for them.
    held_for: BTreeSet<TaskId>,
}

#[derive(Debug)]
struct Pending {
    triggered_ms: i64,
    /// When its barriers are to overtake what is queued, if they are and have not been told.
    overtakes_ms: Option<i64>,
    /// When the last part came, once it has.
    complete_ms: Option<i64>,
    awaited: BTreeSet<TaskId>,
    parts: BTreeMap<TaskId, (TaskSnapshot, SnapshotTimings)>,
}

impl Pending {
    /// When its barriers are to overtake what is queued, if that would still help.
    fn overtakes(&self) -> Option<i64> {
        self.overtakes_ms.filter(|_| self.complete_ms.is_none())
    }
}

impl Coordinator {
    /// A coordinator whose first checkpoint has the number `first_id`.
    pub fn new(
        config: CheckpointConfig,
        tasks: impl IntoIterator<Item = TaskId>,
        first_id: CheckpointId,
        now_ms: i64,
    ) -> Self {
        Self {
            config,
            tasks: tasks.into_iter().collect(),
            next_id: first_id.0,
            pending: BTreeMap::new(),
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
        let trigger = self.next_trigger_ms.filter(|_| self.has_room());
        let timeouts = self.pending.values().filter_map(|pending| {
            let waits = pending.complete_ms.is_none();
            waits.then_some(pending.triggered_ms + self.config.timeout_ms)
        });
        let overtaking = self.pending.values().filter_map(Pending::overtakes);
        timeouts.chain(overtaking).chain(trigger).min()
    }

    /// Whether another one may be triggered.
    fn has_room(&self) -> bool {
        let under_way = self.pending.len() + usize::from(self.storing.is_some());
        under_way < self.config.max_concurrent.max(1) && !self.is_held()
    }

    /// Time has passed.
    pub fn on_time(&mut self, now_ms: i64) -> Vec<Decision> {
        let is_late = |pending: &Pending| {
            pending.complete_ms.is_none() && now_ms >= pending.triggered_ms + self.config.timeout_ms
        };
        let late: Vec<CheckpointId> = self
            .pending
            .iter()
            .filter(|(_, pending)| is_late(pending))
            .map(|(id, _)| *id)
            .collect();
        let mut decisions = Vec::new();
        for id in late {
            let awaited = &self.pending[&id].awaited;
            let reason = DeclineReason::Timeout(awaited.iter().copied().collect());
            decisions.push(self.give_up(id, reason, now_ms));
        }
        for (id, pending) in &mut self.pending {
            if pending.overtakes().is_some_and(|at| now_ms >= at) {
                pending.overtakes_ms = None;
                decisions.push(Decision::Overtake(*id));
            }
        }
        if let (Some(at), Some(interval)) = (self.next_trigger_ms, self.config.interval_ms)
            && decisions.is_empty()
            && self.has_room()
            && now_ms >= at
        {
            self.next_trigger_ms = Some((at + interval).max(now_ms));
            decisions.extend(self.trigger(now_ms));
        }
        decisions
    }

    /// Asks for a checkpoint now; nothing happens while as many as may be are under way or none can be taken yet.
    pub fn trigger(&mut self, now_ms: i64) -> Option<Decision> {
        if !self.has_room() {
            return None;
        }
        let id = CheckpointId(self.next_id);
        self.next_id += 1;
        let pending = Pending {
            triggered_ms: now_ms,
            overtakes_ms: self.config.overtakes_after_ms.map(|after| now_ms + after),
            complete_ms: None,
            awaited: self.tasks.clone(),
            parts: BTreeMap::new(),
        };
        self.pending.insert(id, pending);
        Some(Decision::Trigger(id))
    }

    /// The barriers of this checkpoint wait for what is queued, however long it takes: nothing may be in flight in what
    /// is made of it.
    pub fn keep_aligned(&mut self, checkpoint: CheckpointId) {
        if let Some(pending) = self.pending.get_mut(&checkpoint) {
            pending.overtakes_ms = None;
        }
    }

    /// A task has written its part.
    pub fn acknowledge(
        &mut self,
        task: TaskId,
        checkpoint: CheckpointId,
        snapshot: TaskSnapshot,
        timings: SnapshotTimings,
        now_ms: i64,
    ) -> Vec<Decision> {
        let Some(pending) = self.pending.get_mut(&checkpoint) else {
            return Vec::new();
        };
        if !pending.awaited.remove(&task) {
            return Vec::new();
        }
        pending.parts.insert(task, (snapshot, timings));
        if !pending.awaited.is_empty() {
            return Vec::new();
        }
        pending.complete_ms = Some(now_ms);
        self.store_next(now_ms)
    }

    /// A task could not write its part.
    pub fn decline(
        &mut self,
        task: TaskId,
        checkpoint: CheckpointId,
        reason: String,
        now_ms: i64,
    ) -> Vec<Decision> {
        if !self.pending.contains_key(&checkpoint) {
            return Vec::new();
        }
        let reason = DeclineReason::SnapshotFailed(task, reason);
        vec![self.give_up(checkpoint, reason, now_ms)]
    }

    /// The store has it, or has not.
    pub fn stored(
        &mut self,
        checkpoint: CheckpointId,
        result: Result<(), String>,
        now_ms: i64,
    ) -> Vec<Decision> {
        if self.storing != Some(checkpoint) {
            return Vec::new();
        }
        let mut decisions = Vec::new();
        match result {
            Ok(()) => {
                self.storing = None;
                self.failures_in_a_row = 0;
                self.pause(now_ms);
            }
            Err(reason) => {
                let reason = DeclineReason::StoreFailed(reason);
                decisions.push(self.give_up(checkpoint, reason, now_ms));
            }
        }
        decisions.extend(self.store_next(now_ms));
        decisions
    }

    /// Has the newest complete one stored, unless one is; those before it are given up.
    fn store_next(&mut self, now_ms: i64) -> Vec<Decision> {
        let complete = self.pending.iter().rev();
        let newest = complete
            .into_iter()
            .find(|(_, it)| it.complete_ms.is_some());
        let (Some((id, _)), None) = (newest, self.storing) else {
            return Vec::new();
        };
        let id = *id;
        let older: Vec<CheckpointId> = self.pending.range(..id).map(|(id, _)| *id).collect();
        let mut decisions: Vec<Decision> = older
            .into_iter()
            .map(|older| self.give_up(older, DeclineReason::Subsumed(id), now_ms))
            .collect();
        if let Some(pending) = self.pending.remove(&id) {
            self.storing = Some(id);
            let complete_ms = pending.complete_ms.unwrap_or(now_ms);
            let tasks = pending.parts.into_iter();
            decisions.push(Decision::Store(Box::new(CompletedCheckpoint {
                id,
                triggered_ms: pending.triggered_ms,
                duration_ms: complete_ms - pending.triggered_ms,
                tasks: tasks
                    .map(|(task, (part, timings))| (task, part, timings))
                    .collect(),
            })));
        }
        decisions
    }

    fn give_up(&mut self, id: CheckpointId, reason: DeclineReason, now_ms: i64) -> Decision {
        self.pending.remove(&id);
        if self.storing == Some(id) {
            self.storing = None;
        }
        self.pause(now_ms);
        self.failures_in_a_row += u32::from(reason.is_fault());
        if self.failures_in_a_row > self.config.tolerated_failures {
            return Decision::FailJob(reason);
        }
        Decision::Abort(id, reason)
    }

    /// After an end, the next trigger keeps its distance.
    fn pause(&mut self, now_ms: i64) {
        let earliest_ms = now_ms + self.config.min_pause_ms;
        self.next_trigger_ms = self.next_trigger_ms.map(|at| at.max(earliest_ms));
    }
}

#[cfg(test)]
mod tests;

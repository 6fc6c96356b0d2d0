//! What is remembered of a job's checkpoints: counts over its life, and the newest ones with the part of every task.
//!
//! Written by the job master as events arrive; never asked what to do next.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use dataflow::checkpoint::snapshot::SnapshotTimings;
use dataflow::ids::{CheckpointId, TaskId};
use dataflow::limits::CHECKPOINT_HISTORY_MAX;

use crate::storage::checkpoint_store::RestoredPlace;

/// How far a checkpoint got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Not every part is there, or they are being stored.
    UnderWay,
    /// It can be restored.
    Completed,
    /// It was given up; why.
    Failed(String),
}

/// One checkpoint.
#[derive(Clone, Debug)]
pub(crate) struct CheckpointRecord {
    /// Its number.
    pub(crate) id: CheckpointId,
    /// How far it got.
    pub(crate) progress: Progress,
    /// When it was triggered (milliseconds since the Unix epoch).
    pub(crate) triggered_ms: i64,
    /// When it was completed or given up.
    pub(crate) ended_ms: Option<i64>,
    /// Tasks that take part.
    pub(crate) tasks: usize,
    /// The savepoint that was written of it, if one was.
    pub(crate) savepoint: Option<PathBuf>,
    /// The parts that are there: when they came (milliseconds since the Unix epoch), and what they cost.
    pub(crate) parts: BTreeMap<TaskId, (i64, SnapshotTimings)>,
}

impl CheckpointRecord {
    /// From the trigger to the end.
    pub(crate) fn duration_ms(&self) -> Option<i64> {
        Some(self.ended_ms? - self.triggered_ms)
    }

    /// Bytes of the files of all parts, shared ones included.
    pub(crate) fn state_bytes(&self) -> u64 {
        self.sum(|part| part.state_bytes)
    }

    /// A figure over all parts.
    pub(crate) fn sum(&self, figure: impl Fn(&SnapshotTimings) -> u64) -> u64 {
        self.parts.values().map(|(_, part)| figure(part)).sum()
    }

    /// Whether barriers overtook what was queued.
    pub(crate) fn is_unaligned(&self) -> bool {
        self.parts.values().any(|(_, part)| part.unaligned)
    }
}

/// What a job went on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Restoration {
    /// Number of the checkpoint, or of the one that the savepoint was made of.
    pub(crate) checkpoint: u64,
    /// Where that is.
    pub(crate) place: RestoredPlace,
    /// When its tasks were deployed (milliseconds since the Unix epoch).
    pub(crate) at_ms: i64,
}

/// The checkpoints of a job.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckpointHistory {
    /// Completed ones over the life of the job.
    pub(crate) completed: u64,
    /// Given up.
    pub(crate) failed: u64,
    /// How often the job went on from one.
    pub(crate) restored: u64,
    /// What it last went on from.
    pub(crate) restored_from: Option<Restoration>,
    /// The longest time a task stood still for one (nanoseconds).
    pub(crate) longest_sync_ns: u64,
    /// The newest ones, newest first; at most [`CHECKPOINT_HISTORY_MAX`].
    records: VecDeque<CheckpointRecord>,
}

impl CheckpointHistory {
    /// The newest ones, newest first.
    pub(crate) fn records(&self) -> impl Iterator<Item = &CheckpointRecord> {
        self.records.iter()
    }

    /// The newest completed one.
    pub(crate) fn last_completed(&self) -> Option<&CheckpointRecord> {
        let mut records = self.records.iter();
        records.find(|record| record.progress == Progress::Completed)
    }

    /// The job goes on from a checkpoint or savepoint.
    pub(crate) fn restored(&mut self, from: Restoration) {
        self.restored += 1;
        self.restored_from = Some(from);
    }

    /// One was triggered.
    pub(crate) fn triggered(&mut self, id: CheckpointId, tasks: usize, now_ms: i64) {
        self.records.push_front(CheckpointRecord {
            id,
            progress: Progress::UnderWay,
            triggered_ms: now_ms,
            ended_ms: None,
            tasks,
            savepoint: None,
            parts: BTreeMap::new(),
        });
        self.records.truncate(CHECKPOINT_HISTORY_MAX);
    }

    /// A task's part is there.
    pub(crate) fn acknowledged(
        &mut self,
        id: CheckpointId,
        task: TaskId,
        timings: SnapshotTimings,
        now_ms: i64,
    ) {
        self.longest_sync_ns = self.longest_sync_ns.max(timings.sync_ns);
        if let Some(record) = self.records.iter_mut().find(|record| record.id == id) {
            record.parts.insert(task, (now_ms, timings));
        }
    }

    /// It can be restored.
    pub(crate) fn completed(&mut self, id: CheckpointId, now_ms: i64) {
        self.completed += 1;
        self.end(id, Progress::Completed, now_ms);
    }

    /// A savepoint was written of it.
    pub(crate) fn saved(&mut self, id: CheckpointId, savepoint: PathBuf) {
        if let Some(record) = self.records.iter_mut().find(|record| record.id == id) {
            record.savepoint = Some(savepoint);
        }
    }

    /// It was given up.
    pub(crate) fn failed(&mut self, id: CheckpointId, reason: String, now_ms: i64) {
        self.failed += 1;
        self.end(id, Progress::Failed(reason), now_ms);
    }

    /// The tasks are gone: what was under way never ends.
    pub(crate) fn abandon(&mut self, reason: &str, now_ms: i64) {
        let under_way: Vec<CheckpointId> = self
            .records
            .iter()
            .filter(|record| record.progress == Progress::UnderWay)
            .map(|record| record.id)
            .collect();
        for id in under_way {
            self.failed(id, reason.to_owned(), now_ms);
        }
    }

    fn end(&mut self, id: CheckpointId, progress: Progress, now_ms: i64) {
        if let Some(record) = self.records.iter_mut().find(|record| record.id == id) {
            record.progress = progress;
            record.ended_ms = Some(now_ms);
        }
    }
}

#[cfg(test)]
mod tests;

//! What a checkpoint consists of, as plain data: per task its state files, source positions, sink transactions and
//! event time. The form on disk is the business of whoever stores it.

use crate::ids::{CheckpointId, OperatorId, SplitId, TaskId};
use crate::port::blob::BlobRef;
use crate::port::sink::{Committable, SinkReport};
use crate::port::source::SourceSplit;
use crate::port::state::SnapshotHandle;

/// The part of one task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskSnapshot {
    /// Keyed state, if the task has any and it was asked for.
    pub state: Option<SnapshotHandle>,
    /// Operator state, if the task has any and it was asked for.
    pub operator_state: Option<BlobRef>,
    /// Positions of the splits this task reads.
    pub splits: Vec<SourceSplit>,
    /// The largest timestamp per assigner and split; the largest watermark if the assigner names them.
    pub max_timestamps: Vec<(OperatorId, SplitId, i64)>,
    /// The watermark at the task's input.
    pub watermark: i64,
    /// The sinks of the chain.
    pub sinks: Vec<SinkSnapshot>,
    /// Whether the task had processed all its input, `finish` included.
    pub finished: bool,
    /// What the barrier overtook, if it overtook anything.
    pub in_flight: Option<BlobRef>,
}

/// The part of one sink in one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkSnapshot {
    /// Which sink.
    pub operator: OperatorId,
    /// Transactions that are to be committed when the checkpoint is complete.
    pub committables: Vec<Committable>,
    /// State of the writer.
    pub writer: Vec<u8>,
    /// What the writer has to report; only of a finished task.
    pub report: Vec<SinkReport>,
}

/// How long the parts of one task's snapshot took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotTimings {
    /// From the first barrier, or from the snapshot if that did not wait for one, to the last (nanoseconds).
    pub align_ns: u64,
    /// The task stood still (nanoseconds).
    pub sync_ns: u64,
    /// Writing in the background (nanoseconds).
    pub async_ns: u64,
    /// Bytes of state files, shared ones included.
    pub state_bytes: u64,
    /// Bytes of records that were processed from the first barrier to the snapshot.
    pub processed_bytes: u64,
    /// Bytes that were in flight and are part of the snapshot.
    pub persisted_bytes: u64,
    /// Whether the barrier overtook what was queued.
    pub unaligned: bool,
}

/// A completed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedCheckpoint {
    /// Its number.
    pub id: CheckpointId,
    /// When it was triggered (milliseconds since the Unix epoch).
    pub triggered_ms: i64,
    /// How long it took.
    pub duration_ms: i64,
    /// The parts, by task.
    pub tasks: Vec<(TaskId, TaskSnapshot, SnapshotTimings)>,
}

impl CompletedCheckpoint {
    /// Whether every task had finished: the job is done.
    pub fn is_final(&self) -> bool {
        self.tasks.iter().all(|(_, task, _)| task.finished)
    }

    /// Bytes of all files of the parts.
    pub fn state_bytes(&self) -> u64 {
        self.tasks
            .iter()
            .map(|(_, _, timings)| timings.state_bytes)
            .sum()
    }
}

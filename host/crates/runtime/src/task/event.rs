//! Everything a task tells the job master.

use std::sync::Arc;

use dataflow::checkpoint::snapshot::{SnapshotTimings, TaskSnapshot};
use dataflow::ids::{CheckpointId, TaskId};

use crate::task::error::TaskError;

/// An event of one task.
#[derive(Debug)]
pub enum TaskEvent {
    /// It has opened everything and processes records.
    Running(TaskId),
    /// It has written its part of a checkpoint.
    Acknowledged(TaskId, CheckpointId, Box<TaskSnapshot>, SnapshotTimings),
    /// It could not write its part.
    Declined(TaskId, CheckpointId, String),
    /// It has processed all its input and sent the end of it on. It still answers mail.
    Finished(TaskId),
    /// It runs other logic from now on; how long it stood still for that (nanoseconds).
    Replaced(TaskId, u64),
    /// It cannot go on. Its thread ends.
    Failed(TaskId, TaskError),
    /// Its thread ended because it was told to.
    Ended(TaskId),
}

/// Takes events from task and storage threads. Blocks while the job master's bounded queue is full.
pub type EventSink = Arc<dyn Fn(TaskEvent) + Send + Sync>;

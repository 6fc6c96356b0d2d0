//! The source port: splits are found, read by subtasks, and their positions are part of every checkpoint.
//!
//! Most sources find their splits once. One that discovers more while the job runs has a [`SplitEnumerator`] (Flink's
//! word) in the job master; it has no state of its own: after a restore it starts from the splits of the checkpoint, so
//! a split that was assigned after the checkpoint is simply discovered again.

use std::sync::Arc;
use std::time::Duration;

use crate::element::Batch;
use crate::ids::{CheckpointId, SplitId};
use crate::port::sink::ConnectorError;

/// A part of a source's input and how far it has been read. `state` is the connector's own encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSplit {
    /// Its number within the source.
    pub id: SplitId,
    /// Where it is and what is left of it.
    pub state: Vec<u8>,
}

/// What a poll of a reader gave.
#[derive(Debug)]
pub enum Polled {
    /// Records of one split, at most `limits::SOURCE_BATCH_RECORDS`, at least one.
    Records(Batch, SplitId),
    /// Nothing now. The reader wakes the task by its waker, or asks to be polled again after a while.
    Pending(Option<Duration>),
    /// A split has no more records; its watermark no longer counts.
    SplitEnded(SplitId),
    /// All splits have ended; the reader will not be polled again.
    End,
}

/// Wakes a task that waits for its reader. May be called from any thread, any number of times.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Reads the splits given to one subtask.
///
/// Threading: polled by the task's thread; must not block longer than a local disk takes.
pub trait SourceReader: Send {
    /// The next records. Must not block on a remote system.
    ///
    /// # Errors
    /// The outside failed, or the input cannot be read as declared.
    fn poll(&mut self) -> Result<Polled, ConnectorError>;

    /// Gives no records of these splits, and of all others, until it is called anew. Returns false if the reader cannot
    /// choose between its splits. While all are paused, `poll` is pending; the end of a split may be given all the same.
    fn pause(&mut self, _splits: &[SplitId]) -> bool {
        false
    }

    /// The splits with their positions after the last records that `poll` gave. Ended splits are included.
    fn snapshot(&mut self) -> Vec<SourceSplit>;

    /// Takes splits that were discovered while the job runs. Only called if the source has an enumerator.
    ///
    /// # Errors
    /// The splits cannot be read, or this source takes none.
    fn add_splits(&mut self, splits: Vec<SourceSplit>) -> Result<(), ConnectorError> {
        let _ = splits;
        Err(ConnectorError::Config {
            connector: "source".to_owned(),
            reason: "it takes no splits while it runs".to_owned(),
        })
    }

    /// The checkpoint is complete; records before it will not be asked for again.
    fn checkpoint_completed(&mut self, _checkpoint: CheckpointId) {}

    /// Bytes and records that are still to be read, if the source is bounded and knows: for the progress line.
    fn remaining(&self) -> Option<Progress> {
        None
    }
}

/// How far a bounded source has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Units (bytes or records) done.
    pub done: u64,
    /// Units in all.
    pub total: u64,
}

/// Where a reader finds itself.
#[derive(Clone)]
pub struct SourceContext {
    /// Index of the subtask.
    pub subtask: u32,
    /// How many there are.
    pub parallelism: u32,
    /// Wakes the task of the reader.
    pub wake: Wake,
}

impl SourceContext {
    /// The place of the only reader.
    pub fn alone(wake: Wake) -> Self {
        Self {
            subtask: 0,
            parallelism: 1,
            wake,
        }
    }
}

/// Discovers splits while the job runs: one for a source, whatever its parallelism.
///
/// Threading: called by a thread of the job master that may block.
pub trait SplitEnumerator: Send {
    /// The time between two discoveries.
    fn interval(&self) -> Duration;

    /// Splits that were not known before, with numbers that no known split has. Each is given to one reader.
    ///
    /// # Errors
    /// The outside cannot be looked at; the job fails.
    fn discover(&mut self) -> Result<Vec<SourceSplit>, ConnectorError>;
}

/// A source as the plan configures it. Checked when it is made: a missing file is found here.
pub trait Source: Send + Sync {
    /// The Avro schema of the values (JSON text).
    fn schema(&self) -> String;

    /// Finds the splits for a first start at this parallelism. After a restore the saved splits are used instead.
    ///
    /// # Errors
    /// The input does not exist or cannot be listed.
    fn splits(&self, parallelism: u32) -> Result<Vec<SourceSplit>, ConnectorError>;

    /// Opens a reader of some of the splits.
    ///
    /// # Errors
    /// A split cannot be opened.
    fn reader(
        &self,
        splits: Vec<SourceSplit>,
        context: SourceContext,
    ) -> Result<Box<dyn SourceReader>, ConnectorError>;

    /// What discovers further splits, if the source does that. `known` are the splits of the restored checkpoint, ended
    /// ones included; without one there are none, since such a source has no splits at its first start.
    ///
    /// # Errors
    /// The known splits cannot be read.
    fn enumerator(
        &self,
        known: &[SourceSplit],
    ) -> Result<Option<Box<dyn SplitEnumerator>>, ConnectorError> {
        let _ = known;
        Ok(None)
    }
}

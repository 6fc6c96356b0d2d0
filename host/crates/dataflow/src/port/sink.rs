//! The sink port: begin, pre-commit, commit, abort. What a subtask writes between two barriers becomes visible only
//! after the checkpoint is complete, and commit may be repeated.

use thiserror::Error;

use crate::element::Batch;
use crate::ids::CheckpointId;
use crate::port::error::{Domain, Recovery};
use crate::port::operator::OperatorError;
use crate::port::segment::{Segment, SegmentStore};

/// A connector could not do its work.
#[derive(Clone, Debug, Error)]
pub enum ConnectorError {
    /// The connector's configuration is wrong.
    #[error("connector {connector}: {reason}")]
    Config {
        /// Which connector.
        connector: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// The outside refused or is not there.
    #[error("connector {connector}: {action} {target}: {reason}")]
    External {
        /// Which connector.
        connector: &'static str,
        /// What was tried.
        action: &'static str,
        /// File, address or topic.
        target: String,
        /// What the system said.
        reason: String,
    },
    /// Saved positions or committables cannot be read.
    #[error("connector {connector}: saved state is not readable: {reason}")]
    Corrupt {
        /// Which connector.
        connector: &'static str,
        /// What does not fit.
        reason: String,
    },
    /// A record cannot be written as the sink needs it.
    #[error("connector {connector}: record {record} of the batch: {reason}")]
    BadRecord {
        /// Which connector.
        connector: &'static str,
        /// Index in the batch.
        record: u32,
        /// What does not fit.
        reason: String,
    },
    /// A source or sink that runs in a component failed.
    #[error(transparent)]
    Component(#[from] OperatorError),
}

impl ConnectorError {
    /// Who has to act.
    pub fn domain(&self) -> Domain {
        match self {
            Self::Config { .. } | Self::BadRecord { .. } => Domain::User,
            Self::External { .. } | Self::Corrupt { .. } => Domain::External,
            Self::Component(error) => error.domain(),
        }
    }

    /// What may help.
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::External { .. } => Recovery::RestartJob,
            Self::Config { .. } | Self::BadRecord { .. } | Self::Corrupt { .. } => {
                Recovery::FailJob
            }
            Self::Component(error) => error.recovery(),
        }
    }
}

/// A transaction that was prepared and can be committed, once or again, by anybody who holds this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committable {
    /// What it is, in the sink's own encoding; small.
    pub bytes: Vec<u8>,
    /// The output that is to be published, if the target does not hold it already: files of the checkpoint.
    pub segments: Vec<Segment>,
}

impl Committable {
    /// A transaction whose output the target holds.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            segments: Vec::new(),
        }
    }
}

/// What a sink has to say at the end of a job, for the summary: name and value, summed or merged over subtasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkReport {
    /// Such as `count`, `checksum`, `latency p99 (us)`.
    pub name: String,
    /// The value as a sum may be taken of it (wrapping), or as text.
    pub value: ReportValue,
}

/// A figure of a sink report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportValue {
    /// Added over subtasks, wrapping.
    Sum(u64),
    /// Added over subtasks, wrapping; shown in hexadecimal.
    Checksum(u64),
    /// Latencies in nanoseconds as (upper bound of bucket, count); merged over subtasks.
    Histogram(Vec<(u64, u64)>),
    /// Lines for the client, each with its line end; put one after the other over subtasks.
    Lines(Vec<u8>),
}

/// Where a sink subtask finds itself.
#[derive(Clone, Debug)]
pub struct SinkContext {
    /// Index of the subtask.
    pub subtask: u32,
    /// How many there are.
    pub parallelism: u32,
    /// Distinguishes this run from every other run of the same job in the same place, also from a fresh run without a
    /// restore; part of temporary names.
    pub run: String,
    /// Takes output that is part of the checkpoint until it is published.
    pub segments: SegmentStore,
}

/// Writes the records of one subtask.
///
/// Threading: the task's thread; may block on a local disk or a socket, which is how a slow sink pushes back.
pub trait SinkWriter: Send {
    /// Writes records into the transaction that is open.
    ///
    /// # Errors
    /// The outside refused, or a record cannot be written.
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError>;

    /// Nothing more arrives for now: hand on what is buffered, if that may be seen before a commit.
    ///
    /// # Errors
    /// The outside refused.
    fn flush(&mut self) -> Result<(), ConnectorError> {
        Ok(())
    }

    /// Makes durable what was written since the last barrier and opens the next transaction. Called at every barrier
    /// and once at the end of input.
    ///
    /// # Errors
    /// The outside refused; the checkpoint is declined and the job fails.
    fn pre_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Committable>, ConnectorError>;

    /// State of the writer beside its committables (a checksum, say), in the connector's own encoding.
    fn snapshot(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// What to show in the summary. Called once, after the last `pre_commit`.
    fn report(&mut self) -> Vec<SinkReport> {
        Vec::new()
    }
}

/// A sink as the plan configures it.
///
/// Threading: `commit` and `recover` are called by the job master's storage thread; they may block.
pub trait Sink: Send + Sync {
    /// Checks that records of this Avro schema (JSON text) can be written.
    ///
    /// # Errors
    /// The schema does not fit, said in the words of the schema.
    fn accepts(&self, schema: &str) -> Result<(), ConnectorError>;

    /// Opens the writer of one subtask. `restored` holds the writer states this subtask inherits.
    ///
    /// # Errors
    /// The target cannot be opened.
    fn writer(
        &self,
        context: SinkContext,
        restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError>;

    /// Makes prepared transactions visible. Must be idempotent: after a crash it is called again with the same ones.
    ///
    /// # Errors
    /// The target refused; it is tried again.
    fn commit(&self, committables: &[Committable]) -> Result<(), ConnectorError>;

    /// Takes back what the named runs published for checkpoints after `restored`: those turned out to be damaged, and
    /// the restored job writes their records again. Called before `recover`, only after such a fallback. A target that
    /// cannot take back leaves it, and its guarantee is then at least once.
    ///
    /// # Errors
    /// The target refused.
    fn withdraw(&self, _restored: CheckpointId, _runs: &[String]) -> Result<(), ConnectorError> {
        Ok(())
    }

    /// Called once before writers are opened, with the committables of the restored checkpoint (already committed) or
    /// none: removes what unfinished transactions of earlier runs left behind.
    ///
    /// # Errors
    /// The target refused.
    fn recover(&self, _restored: &[Committable]) -> Result<(), ConnectorError> {
        Ok(())
    }
}

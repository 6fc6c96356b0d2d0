//! What an operator says about the guest it runs in: limits other than the configured ones, and what becomes of records
//! that it cannot process. Plain data; operators share a guest instance only if they say the same.

use crate::element::Batch;
use crate::ids::CheckpointId;
use crate::port::operator::OperatorError;

/// What happens when a guest fails at a record. A failing timer, watermark or end of input always fails the job: what
/// they would have done cannot be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The job fails.
    #[default]
    Fail,
    /// The record is left out and counted.
    Skip,
    /// The record is left out, counted and kept with the error.
    DeadLetter,
}

impl OnFailure {
    /// All of them, with the words that configuration, job files and plans use.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("fail", Self::Fail),
        ("skip", Self::Skip),
        ("dead-letter", Self::DeadLetter),
    ];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::DeadLetter => "dead-letter",
        }
    }

    /// The one with this word.
    pub fn of_name(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, policy)| *policy)
    }
}

/// What one operator says; what it leaves open is as configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuestSettings {
    /// Linear memory of the instance.
    pub memory_bytes: Option<u64>,
    /// Wall time of one call.
    pub call_timeout_ms: Option<u64>,
    /// Output of one call.
    pub output_bytes: Option<u64>,
    /// Keyed state of one subtask.
    pub state_bytes: Option<u64>,
    /// Timers of one subtask.
    pub timers: Option<u64>,
    /// Log lines in one second.
    pub log_lines_per_second: Option<u32>,
    /// What happens when it fails at a record.
    pub on_failure: Option<OnFailure>,
}

/// A record that a chain could not process.
#[derive(Debug)]
pub struct DeadLetter<'a> {
    /// The subtask of the task.
    pub subtask: u32,
    /// The input of the task that it came by.
    pub input: u32,
    /// The record, alone.
    pub record: &'a Batch,
    /// What the chain failed with.
    pub error: &'a OperatorError,
    /// The last checkpoint the task had been part of; none before the first of a run.
    pub after: Option<CheckpointId>,
    /// Processing time (milliseconds since the Unix epoch).
    pub at_ms: i64,
}

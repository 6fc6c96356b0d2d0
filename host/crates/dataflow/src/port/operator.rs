//! The operator port: user logic of one chain fragment, guest or native, called with batches.
//!
//! The operator owns its [`Call`]: what it emits, writes and registers during a call stays in there until the task
//! commits it. After an error the call is rolled back and the operator must not be called again.

use std::sync::Arc;

use thiserror::Error;

use crate::element::Batch;
use crate::ids::OperatorId;
use crate::metric::MetricValue;
use crate::port::call::Call;
use crate::port::error::{Domain, Recovery};
use crate::port::guest_settings::GuestSettings;
use crate::port::resources::Resources;
use crate::port::sink::{ConnectorError, Sink};
use crate::port::source::Source;
use crate::time::timer::{TimeDomain, TimerBatch};

/// User logic failed.
#[derive(Clone, Debug, Error)]
pub enum OperatorError {
    /// The guest returned a failure.
    #[error("{operator} failed{}: {message}", at_record(*record))]
    Failed {
        /// Name of the operator (or chain).
        operator: String,
        /// Index of the record in the batch, if known.
        record: Option<u32>,
        /// What the guest said.
        message: String,
    },
    /// The guest trapped: a panic, an arithmetic trap, stack overflow, memory out of bounds.
    #[error("{operator} trapped{}: {message}{}", at_record(*record), called_by(frames))]
    Trapped {
        /// Name of the operator (or chain).
        operator: String,
        /// Index of the record in the batch, if known.
        record: Option<u32>,
        /// What the guest said before it, or else the trap itself.
        message: String,
        /// The guest's frames, innermost first; empty if they are not known.
        frames: Box<[String]>,
    },
    /// The guest went over a limit.
    #[error("{operator} is over its limit on {limit}: {used} used, {allowed} allowed")]
    Limit {
        /// Name of the operator (or chain).
        operator: String,
        /// Which limit: `time per call (ms)`, `memory (bytes)`, `output per call (bytes)`.
        limit: &'static str,
        /// What it used or asked for.
        used: u64,
        /// What it may use.
        allowed: u64,
    },
    /// The guest handed over columns that are no batch, or named something that it does not have.
    #[error("{operator} broke the contract: {reason}")]
    Malformed {
        /// Name of the operator (or chain).
        operator: String,
        /// The rule it breaks.
        reason: String,
    },
    /// State access failed.
    #[error("{operator}: {source}")]
    State {
        /// Name of the operator (or chain).
        operator: String,
        /// What happened.
        source: crate::port::state::StateError,
    },
}

fn at_record(record: Option<u32>) -> String {
    record.map_or_else(String::new, |index| {
        format!(" at record {index} of the batch")
    })
}

fn called_by(frames: &[String]) -> String {
    if frames.is_empty() {
        return String::new();
    }
    format!("; in {}", frames.join(", called by "))
}

impl OperatorError {
    /// The record of the batch that the guest named as the bad one. It may be wrong.
    pub fn record(&self) -> Option<u32> {
        match self {
            Self::Failed { record, .. } | Self::Trapped { record, .. } => *record,
            Self::Limit { .. } | Self::Malformed { .. } | Self::State { .. } => None,
        }
    }

    /// One word for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "failed",
            Self::Trapped { .. } => "trapped",
            Self::Limit { .. } => "limit",
            Self::Malformed { .. } => "malformed",
            Self::State { .. } => "state",
        }
    }

    /// Who has to act.
    pub fn domain(&self) -> Domain {
        match self {
            Self::State { source, .. } => source.domain(),
            Self::Failed { .. }
            | Self::Trapped { .. }
            | Self::Limit { .. }
            | Self::Malformed { .. } => Domain::User,
        }
    }

    /// What may help.
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::State { source, .. } => source.recovery(),
            Self::Failed { .. }
            | Self::Trapped { .. }
            | Self::Limit { .. }
            | Self::Malformed { .. } => Recovery::FailJob,
        }
    }
}

/// User logic of one task. One thread; calls are synchronous and bounded in time by the implementation.
pub trait Operator: Send {
    /// The call in progress or just finished; the task commits or rolls it back.
    fn call(&mut self) -> &mut Call;

    /// Processes records of an input, from the front, and tells how many it consumed (at least one of a non-empty
    /// batch). The task commits, sends the output on, and calls again with the rest.
    ///
    /// # Errors
    /// The failure of the guest; nothing of the call may be committed.
    fn process(&mut self, input: u32, records: &Batch) -> Result<u32, OperatorError>;

    /// Fires timers that are due, from the front; returns how many were handled (at least one).
    ///
    /// # Errors
    /// As [`Operator::process`].
    fn on_timers(&mut self, domain: TimeDomain, timers: &TimerBatch) -> Result<u32, OperatorError>;

    /// Event time advanced: at the input of `operator` if it heads the fragment, at its output if it assigns timestamps.
    ///
    /// # Errors
    /// As [`Operator::process`].
    fn on_watermark(
        &mut self,
        operator: OperatorId,
        watermark_ms: i64,
    ) -> Result<(), OperatorError>;

    /// All inputs have ended and all event-time timers have fired; last chance to emit.
    ///
    /// # Errors
    /// As [`Operator::process`].
    fn finish(&mut self) -> Result<(), OperatorError>;

    /// Makes the operator callable again after a call that failed and was rolled back: the failed call never happened.
    ///
    /// # Errors
    /// It cannot be called again; the job must fail.
    fn revive(&mut self) -> Result<(), OperatorError> {
        Err(OperatorError::Failed {
            operator: "operator".to_owned(),
            record: None,
            message: "it cannot go on after a failed call".to_owned(),
        })
    }

    /// The user's metrics (operator, name, value) after all calls that returned ok. Read once in a while, to be
    /// published; grows only at its end.
    fn metrics(&self) -> &[(OperatorId, String, MetricValue)] {
        &[]
    }

    /// Bytes of memory that are the guest's own; 0 for an operator that is none.
    fn guest_memory_bytes(&self) -> u64 {
        0
    }
}

/// What an operator is told about its place when it is made.
#[derive(Clone, Debug)]
pub struct FragmentSpec {
    /// Name of the job.
    pub job: String,
    /// Readable name of the chain, for messages.
    pub name: String,
    /// Index of this subtask.
    pub subtask: u32,
    /// How many subtasks there are.
    pub parallelism: u32,
    /// Number of key groups.
    pub max_parallelism: u32,
    /// How often the job was deployed before.
    pub attempt: u32,
    /// What the job's number of an operator has on top of the component's own: the job numbers the operators of its
    /// components one after the other.
    pub first_operator: u32,
    /// Operators of the fragment, as the job numbers them.
    pub operators: Vec<OperatorId>,
    /// For each input of the task: the operators it feeds and at which of their inputs.
    pub inputs: Vec<Vec<(OperatorId, u32)>>,
    /// For each output port: the operator and which of its outputs.
    pub outputs: Vec<(OperatorId, u32)>,
    /// States of the fragment: operator, name within the operator, number.
    pub states: Vec<(OperatorId, String, crate::ids::StateNumber)>,
    /// What its operators say about the guest they run in.
    pub guest: GuestSettings,
    /// Job parameters.
    pub parameters: Vec<(String, String)>,
    /// What the operators may reach beside records and state.
    pub resources: Arc<Resources>,
}

impl FragmentSpec {
    /// The component's own number of one of its operators.
    pub fn own_number(&self, operator: OperatorId) -> u32 {
        operator.0.saturating_sub(self.first_operator)
    }
}

/// Makes operators of one component.
pub trait OperatorFactory: Send + Sync {
    /// Opens the logic of one task. `call` carries the task's state.
    ///
    /// # Errors
    /// The guest refused to open, or trapped.
    fn open(&self, spec: &FragmentSpec, call: Call) -> Result<Box<dyn Operator>, OperatorError>;

    /// The source that the one operator of `spec` is, giving records of `schema`. Subtask and parallelism of the spec
    /// are those of the whole; each reader has its own.
    ///
    /// # Errors
    /// These operators cannot be sources.
    fn source(&self, spec: &FragmentSpec, schema: &str) -> Result<Arc<dyn Source>, ConnectorError> {
        let _ = schema;
        Err(no_connector(spec))
    }

    /// The sink that the one operator of `spec` is; see [`OperatorFactory::source`].
    ///
    /// # Errors
    /// These operators cannot be sinks.
    fn sink(&self, spec: &FragmentSpec) -> Result<Arc<dyn Sink>, ConnectorError> {
        Err(no_connector(spec))
    }
}

fn no_connector(spec: &FragmentSpec) -> ConnectorError {
    ConnectorError::Config {
        connector: "component".to_owned(),
        reason: format!("{} has no sources or sinks of its own", spec.name),
    }
}

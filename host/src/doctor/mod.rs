//! The conformance kit: whether a component keeps the promises of the contract, found out before it runs as a job.
//!
//! A job is rehearsed: its own chains, in the sandbox, with keyed state, timers and event time, on one thread and in one
//! order, between sources and sinks in memory. So two rehearsals can differ only in what the guest does, and what must
//! make no difference (another instance, a restore, another attempt) can be changed between two calls. Nothing of the
//! outside is read or written but the records of `--sample`.
//!
//! Reading order: [`subject`] (the component as a job between sources and sinks in memory), [`samples`] (its records),
//! [`chain`] and [`rehearsal`] (one run), [`checks`] (what is compared), [`report`] (what is told).

mod chain;
mod checks;
mod cpu_time;
mod outcome;
mod rehearsal;
mod report;
mod route;
mod samples;
mod subject;

use thiserror::Error;

use dataflow::ids::VertexId;
use dataflow::port::operator::OperatorError;
use dataflow::port::sink::ConnectorError;
use dataflow::port::state::StateError;
use runtime::task::error::TaskError;

use crate::scheduler::job::JobError;

pub(crate) use checks::{Wishes, examine};
pub(crate) use report::Report;

/// A component cannot be rehearsed, or failed in a rehearsal.
#[derive(Debug, Error)]
pub(crate) enum DoctorError {
    /// A chain failed in a call.
    #[error("{source}")]
    Guest {
        /// Which chain.
        chain: VertexId,
        /// Which of its subtasks.
        subtask: u32,
        /// What happened.
        source: OperatorError,
    },
    /// A chain cannot be opened.
    #[error(transparent)]
    Open(#[from] TaskError),
    /// A state cannot be kept, saved or restored.
    #[error("keyed state: {0}")]
    State(#[from] StateError),
    /// The graph makes no sense, or samples do not fit.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The component cannot be asked.
    #[error(transparent)]
    Component(#[from] wasm::WasmError),
    /// The samples cannot be read.
    #[error("the samples: {0}")]
    Samples(#[from] ConnectorError),
    /// Something that only a job file could give.
    #[error("{0}")]
    Unfit(String),
}

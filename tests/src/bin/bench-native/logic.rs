//! Native logic behind the operator port: one virtual call a batch, and the whole batch is always consumed.
//!
//! Logic here gets the call it may read and write through and keeps nothing that must survive: its caches are filled
//! from the state behind the call, as a guest's are. It uses event-time timers only.

use dataflow::element::Batch;
use dataflow::ids::OperatorId;
use dataflow::port::call::{Call, OutputLimit};
use dataflow::port::operator::{Operator, OperatorError};
use dataflow::port::state::StateError;
use dataflow::time::timer::{TimeDomain, TimerBatch};
use thiserror::Error;

/// Keys that keyed logic keeps values of, at most; beyond, it forgets all of them. Measured: J2 with 1,000,000 keys
/// wins nothing by more, since what is kept then lies no nearer than the state itself.
pub(crate) const CACHED_KEYS_MAX: usize = 16 * 1024;

/// Native logic could not go on.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    /// State access failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// A call emitted too much.
    #[error("the output of a call is over {} bytes", .0.allowed)]
    Output(OutputLimit),
    /// A batch or a stored value is not what the job's schemas say.
    #[error("{0}")]
    Malformed(&'static str),
}

impl From<OutputLimit> for Fault {
    fn from(limit: OutputLimit) -> Self {
        Self::Output(limit)
    }
}

impl Fault {
    /// The error as the port has it, with the name of the chain. Its domain and recovery are the port's.
    fn of(self, operator: &str) -> OperatorError {
        let operator = operator.to_owned();
        match self {
            Self::State(source) => OperatorError::State { operator, source },
            Self::Output(OutputLimit { used, allowed }) => OperatorError::Limit {
                operator,
                limit: "output per call (bytes)",
                used,
                allowed,
            },
            Self::Malformed(reason) => OperatorError::Malformed {
                operator,
                reason: reason.to_owned(),
            },
        }
    }
}

/// The logic of one chain fragment. One thread.
pub(crate) trait Logic: Send {
    /// Processes all records of an input; there is at least one.
    ///
    /// # Errors
    /// A malformed batch, or state that cannot be used.
    fn process(&mut self, input: u32, records: &Batch, call: &mut Call) -> Result<(), Fault>;

    /// Handles all event-time timers; there is at least one.
    ///
    /// # Errors
    /// As [`Logic::process`].
    fn on_timers(&mut self, _timers: &TimerBatch, _call: &mut Call) -> Result<(), Fault> {
        Ok(())
    }
}

/// Native logic in its place.
pub(crate) struct NativeOperator<L> {
    pub(crate) name: String,
    pub(crate) call: Call,
    pub(crate) logic: L,
}

impl<L: Logic> Operator for NativeOperator<L> {
    fn call(&mut self) -> &mut Call {
        &mut self.call
    }

    fn process(&mut self, input: u32, records: &Batch) -> Result<u32, OperatorError> {
        if !records.is_empty() {
            let done = self.logic.process(input, records, &mut self.call);
            done.map_err(|fault| fault.of(&self.name))?;
        }
        Ok(records.count)
    }

    fn on_timers(&mut self, domain: TimeDomain, timers: &TimerBatch) -> Result<u32, OperatorError> {
        if domain == TimeDomain::Event && !timers.is_empty() {
            let done = self.logic.on_timers(timers, &mut self.call);
            done.map_err(|fault| fault.of(&self.name))?;
        }
        Ok(timers.count)
    }

    fn on_watermark(&mut self, _operator: OperatorId, _ms: i64) -> Result<(), OperatorError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OperatorError> {
        Ok(())
    }
}

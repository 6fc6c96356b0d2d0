//! The imported interface `metrics`: counters of the user's operators.
//!
//! Invariant: an increment counts when its call has returned ok, so that a call that is rolled back and made again
//! counts once. Publishing the totals is the task's business.

use dataflow::ids::OperatorId;

use crate::bindings::wasmill::dataflow::metrics::{Host, Increment};
use crate::host_state::HostState;
use crate::refusal::Refusal;

/// Counters one chain may have; each becomes a time series somewhere.
const COUNTERS_MAX: usize = 256;

/// Bytes of a counter's name.
const COUNTER_NAME_BYTES_MAX: usize = 256;

/// Totals of a chain's counters, and what the call in progress adds to them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    totals: Vec<(OperatorId, String, u64)>,
    /// Indices into `totals` and amounts.
    pending: Vec<(usize, u64)>,
    /// How many totals existed before the call.
    committed: usize,
}

impl Counters {
    /// The totals of all calls that returned ok.
    pub(crate) fn totals(&self) -> &[(OperatorId, String, u64)] {
        &self.totals[..self.committed]
    }

    /// Adds to a counter within the call in progress.
    pub(crate) fn add(
        &mut self,
        operator: OperatorId,
        name: String,
        amount: u64,
    ) -> Result<(), Refusal> {
        let mut known = self.totals.iter();
        let index = match known.position(|(of, known, _)| *of == operator && *known == name) {
            Some(index) => index,
            None => self.create(operator, name)?,
        };
        match self.pending.iter_mut().find(|(of, _)| *of == index) {
            Some((_, sum)) => *sum = sum.saturating_add(amount),
            None => self.pending.push((index, amount)),
        }
        Ok(())
    }

    fn create(&mut self, operator: OperatorId, name: String) -> Result<usize, Refusal> {
        if name.len() > COUNTER_NAME_BYTES_MAX {
            return Err(Refusal::Limit {
                limit: "counter name (bytes)",
                used: name.len() as u64,
                allowed: COUNTER_NAME_BYTES_MAX as u64,
            });
        }
        if self.totals.len() >= COUNTERS_MAX {
            return Err(Refusal::Limit {
                limit: "counters",
                used: self.totals.len() as u64 + 1,
                allowed: COUNTERS_MAX as u64,
            });
        }
        self.totals.push((operator, name, 0));
        Ok(self.totals.len() - 1)
    }

    /// Makes the call's increments real.
    #[inline]
    pub(crate) fn commit(&mut self) {
        for (index, amount) in self.pending.drain(..) {
            let total = &mut self.totals[index].2;
            *total = total.saturating_add(amount);
        }
        self.committed = self.totals.len();
    }

    /// Forgets the call's increments.
    pub(crate) fn roll_back(&mut self) {
        self.pending.clear();
        self.totals.truncate(self.committed);
    }
}

impl Host for HostState {
    fn count(&mut self, increments: Vec<Increment>) -> wasmtime::Result<()> {
        for increment in increments {
            let operator = self.operator(increment.operator);
            if !self.operators.contains(&operator) {
                return Err(Refusal::Malformed(format!(
                    "a counter of {operator}, which is not in this chain"
                ))
                .into());
            }
            self.counters
                .add(operator, increment.name, increment.amount)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! The imported interface `metrics`: counters, meters, gauges and histograms of the user's operators.
//!
//! Invariant: a change counts when its call has returned ok, so that a call that is rolled back and made again counts
//! once. Publishing the values is the task's business.

use dataflow::ids::OperatorId;
use dataflow::metric::{MetricChange, MetricValue};

use crate::bindings::wasmill::dataflow::metrics::{Host, Increment, Reading, Samples};
use crate::host_state::HostState;
use crate::refusal::Refusal;

/// Metrics one chain may have; each becomes a time series somewhere.
const METRICS_MAX: usize = 256;

/// Bytes of a metric's name.
const METRIC_NAME_BYTES_MAX: usize = 256;

/// Values one call may add to histograms.
const SAMPLES_PER_CALL_MAX: usize = 1 << 20;

/// The metrics of a chain, and what the call in progress changes of them.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    values: Vec<(OperatorId, String, MetricValue)>,
    /// Indices into `values` and changes.
    pending: Vec<(usize, MetricChange)>,
    /// How many metrics existed before the call.
    committed: usize,
    /// Values for histograms in this call.
    samples: usize,
}

impl Metrics {
    /// The values after all calls that returned ok.
    pub(crate) fn values(&self) -> &[(OperatorId, String, MetricValue)] {
        &self.values[..self.committed]
    }

    /// Changes a metric within the call in progress.
    pub(crate) fn change(
        &mut self,
        operator: OperatorId,
        name: String,
        change: MetricChange,
    ) -> Result<(), Refusal> {
        if let MetricChange::Sample(values) = &change {
            self.samples += values.len();
            within(
                "histogram values per call",
                self.samples,
                SAMPLES_PER_CALL_MAX,
            )?;
        }
        let mut known = self.values.iter();
        let index = match known.position(|(of, known, _)| *of == operator && *known == name) {
            Some(index) => index,
            None => self.create(operator, name, &change)?,
        };
        let (_, name, value) = &self.values[index];
        if !value.takes(&change) {
            return Err(Refusal::Malformed(format!(
                "metric {name} of {operator} is of another kind: give each metric a name of its own"
            )));
        }
        match (self.pending.iter_mut().find(|(of, _)| *of == index), change) {
            (
                Some((_, MetricChange::Count(sum) | MetricChange::Mark(sum))),
                MetricChange::Count(more) | MetricChange::Mark(more),
            ) => *sum = sum.saturating_add(more),
            (Some((_, MetricChange::Sample(values))), MetricChange::Sample(more)) => {
                values.extend(more);
            }
            (_, change) => self.pending.push((index, change)),
        }
        Ok(())
    }

    fn create(
        &mut self,
        operator: OperatorId,
        name: String,
        change: &MetricChange,
    ) -> Result<usize, Refusal> {
        within("metric name (bytes)", name.len(), METRIC_NAME_BYTES_MAX)?;
        within("metrics", self.values.len() + 1, METRICS_MAX)?;
        self.values.push((operator, name, change.nothing()));
        Ok(self.values.len() - 1)
    }

    /// Makes the call's changes real.
    #[inline]
    pub(crate) fn commit(&mut self) {
        for (index, change) in self.pending.drain(..) {
            self.values[index].2.change(change);
        }
        self.committed = self.values.len();
        self.samples = 0;
    }

    /// Forgets the call's changes.
    pub(crate) fn roll_back(&mut self) {
        self.pending.clear();
        self.values.truncate(self.committed);
        self.samples = 0;
    }
}

fn within(limit: &'static str, used: usize, allowed: usize) -> Result<(), Refusal> {
    if used <= allowed {
        return Ok(());
    }
    Err(Refusal::Limit {
        limit,
        used: used as u64,
        allowed: allowed as u64,
    })
}

impl HostState {
    fn change_metric(
        &mut self,
        operator: u32,
        name: String,
        change: MetricChange,
    ) -> wasmtime::Result<()> {
        let operator = self.operator(operator);
        if !self.operators.contains(&operator) {
            let text = format!("a metric of {operator}, which is not in this chain");
            return Err(Refusal::Malformed(text).into());
        }
        Ok(self.metrics.change(operator, name, change)?)
    }
}

impl Host for HostState {
    fn count(&mut self, increments: Vec<Increment>) -> wasmtime::Result<()> {
        increments.into_iter().try_for_each(|it| {
            self.change_metric(it.operator, it.name, MetricChange::Count(it.amount))
        })
    }

    fn mark(&mut self, increments: Vec<Increment>) -> wasmtime::Result<()> {
        increments.into_iter().try_for_each(|it| {
            self.change_metric(it.operator, it.name, MetricChange::Mark(it.amount))
        })
    }

    fn set(&mut self, readings: Vec<Reading>) -> wasmtime::Result<()> {
        readings.into_iter().try_for_each(|it| {
            self.change_metric(it.operator, it.name, MetricChange::Set(it.value))
        })
    }

    fn sample(&mut self, samples: Vec<Samples>) -> wasmtime::Result<()> {
        samples.into_iter().try_for_each(|it| {
            self.change_metric(it.operator, it.name, MetricChange::Sample(it.values))
        })
    }
}

#[cfg(test)]
mod tests;

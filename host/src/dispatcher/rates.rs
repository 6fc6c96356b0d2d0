//! What the figures of tasks come to in a second: differences between two samples. Read by everybody, asked of no task.

use std::collections::BTreeMap;

use dataflow::ids::TaskId;
use runtime::task::figures::TaskReading;

use crate::scheduler::job_view::TaskView;

/// What a task did in the last interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct TaskRates {
    /// Records taken in a second.
    pub(crate) records_in: f64,
    /// Records given in a second.
    pub(crate) records_out: f64,
    /// Bytes given in a second.
    pub(crate) bytes_out: f64,
    /// Part of the time spent working (0 to 1).
    pub(crate) busy: f64,
    /// Part of the time spent waiting for input (0 to 1).
    pub(crate) idle: f64,
    /// Part of the time spent waiting for credit (0 to 1).
    pub(crate) back_pressured: f64,
}

/// The rates of a job's tasks.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    attempt: u32,
    at_ns: u64,
    before: BTreeMap<TaskId, TaskReading>,
    rates: BTreeMap<TaskId, TaskRates>,
}

impl Rates {
    /// The rates of a task; zeros before its second sample.
    pub(crate) fn of(&self, task: TaskId) -> TaskRates {
        self.rates.get(&task).copied().unwrap_or_default()
    }

    /// Nothing runs any more.
    pub(super) fn clear(&mut self) {
        self.rates.clear();
    }

    /// Takes a sample. After a restart figures begin anew, so rates do.
    pub(super) fn sample(&mut self, attempt: u32, tasks: &[TaskView], now_ns: u64) {
        let readings = tasks.iter().map(|task| (task.id, task.figures.read()));
        let readings: BTreeMap<TaskId, TaskReading> = readings.collect();
        self.update(attempt, readings, now_ns);
    }

    fn update(&mut self, attempt: u32, readings: BTreeMap<TaskId, TaskReading>, now_ns: u64) {
        let elapsed_ns = now_ns.saturating_sub(self.at_ns);
        self.rates.clear();
        if attempt == self.attempt && elapsed_ns > 0 {
            let rates = readings.iter().filter_map(|(task, now)| {
                let before = self.before.get(task)?;
                Some((*task, between(before, now, elapsed_ns)))
            });
            self.rates = rates.collect();
        }
        (self.attempt, self.at_ns, self.before) = (attempt, now_ns, readings);
    }
}

fn between(before: &TaskReading, now: &TaskReading, elapsed_ns: u64) -> TaskRates {
    let more = |value: fn(&TaskReading) -> u64| value(now).saturating_sub(value(before)) as f64;
    let seconds = elapsed_ns as f64 / 1e9;
    // A wait is counted when it is over, so a part may be more than the whole.
    let part = |value| (more(value) / elapsed_ns as f64).min(1.0);
    TaskRates {
        records_in: more(|reading| reading.records_in) / seconds,
        records_out: more(|reading| reading.records_out) / seconds,
        bytes_out: more(|reading| reading.bytes_out) / seconds,
        busy: part(|reading| reading.busy_ns),
        idle: part(|reading| reading.idle_ns),
        back_pressured: part(|reading| reading.back_pressured_ns),
    }
}

#[cfg(test)]
mod tests;

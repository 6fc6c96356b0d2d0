//! Live figures of one task, written once a step by the task and read by anybody, never per record. The metrics of
//! the user's operators are locked, so they are written only when the task ends or takes a snapshot.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use dataflow::element::{WATERMARK_MAX, WATERMARK_MIN};
use dataflow::ids::OperatorId;
use dataflow::metric::MetricValue;

use crate::task::tap::Tap;

/// The metrics that the operators of a chain keep: operator, name, value.
pub type Metrics = Vec<(OperatorId, String, MetricValue)>;

/// Counters and gauges of one task.
#[derive(Debug, Default)]
pub struct TaskFigures {
    /// Records taken from the inputs or the source.
    pub records_in: AtomicU64,
    /// Records written to edges and sinks.
    pub records_out: AtomicU64,
    /// Bytes written to edges.
    pub bytes_out: AtomicU64,
    /// Time spent working (nanoseconds).
    pub busy_ns: AtomicU64,
    /// Time spent waiting for input (nanoseconds).
    pub idle_ns: AtomicU64,
    /// Time spent waiting for credit (nanoseconds).
    pub back_pressured_ns: AtomicU64,
    /// The watermark at the input, or the one the chain generates if it is a source.
    pub watermark: AtomicI64,
    /// Buffers waiting in the outgoing channels.
    pub buffers_queued: AtomicU64,
    /// Units of a bounded source that are read.
    pub source_done: AtomicU64,
    /// Units of a bounded source in all; 0 if unknown.
    pub source_total: AtomicU64,
    /// Live entries of keyed state.
    pub state_entries: AtomicU64,
    /// Bytes of keyed state in memory.
    pub state_bytes: AtomicU64,
    /// Bytes of linear memory of the guest.
    pub guest_memory_bytes: AtomicU64,
    /// Timers that wait.
    pub timers: AtomicU64,
    /// Records left out because the chain cannot process them.
    pub records_skipped: AtomicU64,
    /// Records left out and kept as dead letters.
    pub dead_letters: AtomicU64,
    /// All input is processed.
    pub finished: AtomicBool,
    /// Samples of what leaves the task, for who looks.
    pub tap: Tap,
    metrics: Mutex<Metrics>,
}

/// A copy of [`TaskFigures`] at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskReading {
    /// See [`TaskFigures::records_in`].
    pub records_in: u64,
    /// See [`TaskFigures::records_out`].
    pub records_out: u64,
    /// See [`TaskFigures::bytes_out`].
    pub bytes_out: u64,
    /// See [`TaskFigures::busy_ns`].
    pub busy_ns: u64,
    /// See [`TaskFigures::idle_ns`].
    pub idle_ns: u64,
    /// See [`TaskFigures::back_pressured_ns`].
    pub back_pressured_ns: u64,
    /// See [`TaskFigures::watermark`].
    pub watermark: i64,
    /// See [`TaskFigures::buffers_queued`].
    pub buffers_queued: u64,
    /// See [`TaskFigures::source_done`].
    pub source_done: u64,
    /// See [`TaskFigures::source_total`].
    pub source_total: u64,
    /// See [`TaskFigures::state_entries`].
    pub state_entries: u64,
    /// See [`TaskFigures::state_bytes`].
    pub state_bytes: u64,
    /// See [`TaskFigures::guest_memory_bytes`].
    pub guest_memory_bytes: u64,
    /// See [`TaskFigures::timers`].
    pub timers: u64,
    /// See [`TaskFigures::records_skipped`].
    pub records_skipped: u64,
    /// See [`TaskFigures::dead_letters`].
    pub dead_letters: u64,
    /// See [`TaskFigures::finished`].
    pub finished: bool,
}

impl TaskReading {
    /// The watermark (milliseconds of event time), if there is one and the stream has not ended.
    pub fn known_watermark(&self) -> Option<i64> {
        let watermark = self.watermark;
        (watermark != WATERMARK_MIN && watermark < WATERMARK_MAX - 1).then_some(watermark)
    }
}

impl TaskFigures {
    /// The users' metrics as they were when the task ended or took its last snapshot.
    pub fn metrics(&self) -> Metrics {
        let metrics = self.metrics.lock();
        metrics.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes the users' metrics.
    pub(crate) fn publish_metrics(&self, values: &[(OperatorId, String, MetricValue)]) {
        let metrics = self.metrics.lock();
        values.clone_into(&mut metrics.unwrap_or_else(PoisonError::into_inner));
    }

    /// Reads everything.
    pub fn read(&self) -> TaskReading {
        let get = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        TaskReading {
            records_in: get(&self.records_in),
            records_out: get(&self.records_out),
            bytes_out: get(&self.bytes_out),
            busy_ns: get(&self.busy_ns),
            idle_ns: get(&self.idle_ns),
            back_pressured_ns: get(&self.back_pressured_ns),
            watermark: self.watermark.load(Ordering::Relaxed),
            buffers_queued: get(&self.buffers_queued),
            source_done: get(&self.source_done),
            source_total: get(&self.source_total),
            state_entries: get(&self.state_entries),
            state_bytes: get(&self.state_bytes),
            guest_memory_bytes: get(&self.guest_memory_bytes),
            timers: get(&self.timers),
            records_skipped: get(&self.records_skipped),
            dead_letters: get(&self.dead_letters),
            finished: self.finished.load(Ordering::Relaxed),
        }
    }
}

/// Adds to a counter that only this thread writes.
pub(crate) fn add(figure: &AtomicU64, amount: u64) {
    figure.store(
        figure.load(Ordering::Relaxed).wrapping_add(amount),
        Ordering::Relaxed,
    );
}

//! A tap at the outlets of a task: samples of the records that leave it, for somebody who looks.
//!
//! Keeps: off the record path while nobody looks (one relaxed load a batch); bounded while somebody does, and what does not
//! fit is left out, never waited for.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dataflow::element::Batch;
use dataflow::limits::{TAP_RECORD_BYTES_MAX, TAP_SAMPLES_MAX, TAP_SAMPLES_PER_BATCH};

use crate::task::figures::TaskFigures;

/// A record that left a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The port it left by; none if it passed by the fragment.
    pub port: Option<u32>,
    /// Its timestamp (milliseconds), or `NO_TIMESTAMP`.
    pub timestamp: i64,
    /// Its encoded key; empty if it has none.
    pub key: Vec<u8>,
    /// Its encoded value.
    pub value: Vec<u8>,
}

/// The tap of a task.
#[derive(Debug, Default)]
pub struct Tap {
    open: AtomicBool,
    samples: Mutex<VecDeque<Sample>>,
}

impl Tap {
    /// Samples a batch if somebody looks.
    #[inline]
    pub(crate) fn offer(&self, port: Option<u32>, records: &Batch) {
        if self.open.load(Ordering::Relaxed) {
            self.sample(port, records);
        }
    }

    #[cold]
    fn sample(&self, port: Option<u32>, records: &Batch) {
        let mut samples = self.lock();
        let room = TAP_SAMPLES_MAX.saturating_sub(samples.len());
        let wanted = TAP_SAMPLES_PER_BATCH.min(room).min(records.len());
        for number in 0..wanted {
            // Evenly over the batch.
            let index = number * records.len() / wanted;
            let key = records.key(index);
            let value = records.value(index);
            if key.len() + value.len() <= TAP_RECORD_BYTES_MAX {
                samples.push_back(Sample {
                    port,
                    timestamp: records.timestamp(index),
                    key: key.to_vec(),
                    value: value.to_vec(),
                });
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Sample>> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who looks at a task's records; there is one at a time. Dropped, the tap is closed.
#[derive(Debug)]
pub struct TapListener(Arc<TaskFigures>);

impl TapListener {
    /// Opens the tap of a task; none if somebody looks already.
    pub fn open(figures: &Arc<TaskFigures>) -> Option<Self> {
        let was_open = figures.tap.open.swap(true, Ordering::Relaxed);
        (!was_open).then(|| Self(Arc::clone(figures)))
    }

    /// Takes what was sampled since.
    pub fn take(&self) -> Vec<Sample> {
        self.0.tap.lock().drain(..).collect()
    }
}

impl Drop for TapListener {
    fn drop(&mut self) {
        self.0.tap.open.store(false, Ordering::Relaxed);
        self.0.tap.lock().clear();
    }
}

#[cfg(test)]
mod tests;

//! A job that has not ended, as the doors see it: what was submitted, what it is run with, what it publishes of itself,
//! and the handle it is asked through.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::job_spec::JobRecord;
use super::rates::Rates;
use super::slots::TakenSlots;
use crate::config::Config;
use crate::job_log::{JobLogs, LogEntry};
use crate::scheduler::command::JobHandle;

/// A job that has not ended.
pub(crate) struct ActiveJob {
    /// What was submitted.
    pub(crate) record: JobRecord,
    /// Its settings.
    pub(crate) config: Arc<Config>,
    /// What can be seen of it and what it can be asked.
    pub(crate) handle: JobHandle,
    /// What its figures come to in a second.
    rates: Mutex<Rates>,
    /// What was submitted, as it has changed since.
    kept: Mutex<JobRecord>,
    slots: Mutex<Option<TakenSlots>>,
    logs: Arc<JobLogs>,
    ended: watch::Sender<bool>,
}

impl ActiveJob {
    /// A job that begins.
    pub(crate) fn new(
        record: JobRecord,
        config: Arc<Config>,
        handle: JobHandle,
        logs: Arc<JobLogs>,
    ) -> Self {
        Self {
            kept: Mutex::new(record.clone()),
            slots: Mutex::default(),
            record,
            config,
            handle,
            rates: Mutex::default(),
            logs,
            ended: watch::Sender::new(false),
        }
    }

    /// What its figures came to at the last sample. Hold it for a moment only.
    pub(crate) fn rates(&self) -> MutexGuard<'_, Rates> {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was submitted, as it has changed since. Hold it for a moment only.
    pub(super) fn kept(&self) -> MutexGuard<'_, JobRecord> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its slots, once it has them and until it has ended. Hold it for a moment only.
    pub(super) fn slots(&self) -> MutexGuard<'_, Option<TakenSlots>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many slots it has.
    pub(super) fn slots_taken(&self) -> u32 {
        self.slots().as_ref().map_or(0, TakenSlots::count)
    }

    /// Gives back what it has beyond so many slots.
    pub(super) fn shrink_slots(&self, wanted: u32) {
        if let Some(slots) = self.slots().as_mut() {
            slots.shrink(wanted);
        }
    }

    /// What it logged, oldest first.
    pub(crate) fn log(&self) -> Vec<LogEntry> {
        self.logs.of(Some(self.record.id))
    }

    /// Takes a sample of its figures.
    pub(super) fn sample(&self, now_ns: u64) {
        let view = self.handle.view.lock();
        let (attempt, tasks) = (view.attempt, view.tasks.clone());
        drop(view);
        self.rates().sample(attempt, &tasks, now_ns);
    }

    /// Nothing of it runs any more.
    pub(super) fn is_over(&self) {
        self.ended.send_replace(true);
    }

    /// Waits until nothing of it runs any more.
    pub(crate) async fn ended(&self) {
        // The sender is ours, so it cannot be gone.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }
}

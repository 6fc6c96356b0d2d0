//! Slots: the right to run tasks. A job takes as many as its widest operator has subtasks and gives them back when it
//! has ended.
//!
//! Keeps: who came first is served first, so a wide job is not starved by narrow ones; a job that can never be served
//! holds nobody back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::active_job::ActiveJob;

/// A job got no slots in time.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "it needs {wanted} slots and got none within {waited:?}; there are {total} in all: give it a lower parallelism, cancel another job, or raise taskmanager.number-of-task-slots"
)]
pub(crate) struct NoSlots {
    wanted: u32,
    total: u32,
    waited: Duration,
}

/// The slots of a process.
pub(super) struct Slots {
    free: Arc<Semaphore>,
    /// Slots that jobs have. The semaphore sets free ones aside for the first in line, so it does not tell.
    taken: Arc<AtomicU32>,
    total: u32,
}

/// Slots of a job.
#[derive(Debug)]
pub(super) struct TakenSlots {
    count: u32,
    taken: Arc<AtomicU32>,
    permit: OwnedSemaphorePermit,
}

impl TakenSlots {
    /// How many.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Gives back those beyond so many.
    pub(super) fn shrink(&mut self, wanted: u32) {
        let beyond = self.count.saturating_sub(wanted);
        if let Some(back) = self.permit.split(beyond as usize) {
            drop(back);
            self.count -= beyond;
            self.taken.fetch_sub(beyond, Ordering::Relaxed);
        }
    }
}

impl Drop for TakenSlots {
    fn drop(&mut self) {
        self.taken.fetch_sub(self.count, Ordering::Relaxed);
    }
}

impl Slots {
    pub(super) fn new(total: u32) -> Self {
        Self {
            free: Arc::new(Semaphore::new(total as usize)),
            taken: Arc::default(),
            total,
        }
    }

    /// All slots, and those that are free.
    pub(super) fn total_and_free(&self) -> (u32, u32) {
        let taken = self.taken.load(Ordering::Relaxed);
        (self.total, self.total.saturating_sub(taken))
    }

    /// Gives a job that runs as many slots as it needs now, if they are free. Does not wait.
    pub(super) fn grow(&self, job: &ActiveJob, wanted: u32) -> Result<(), NoSlots> {
        let mut slots = job.slots();
        let Some(slots) = slots.as_mut() else {
            return Ok(());
        };
        let more = wanted.saturating_sub(slots.count);
        let permit = Arc::clone(&self.free).try_acquire_many_owned(more);
        let permit = permit.map_err(|_| NoSlots {
            wanted,
            total: self.total,
            waited: Duration::ZERO,
        })?;
        slots.permit.merge(permit);
        slots.count += more;
        self.taken.fetch_add(more, Ordering::Relaxed);
        Ok(())
    }

    /// Waits for slots. They are free again when what is returned is dropped.
    pub(super) async fn take(&self, wanted: u32, timeout: Duration) -> Result<TakenSlots, NoSlots> {
        let none = NoSlots {
            wanted,
            total: self.total,
            waited: timeout,
        };
        if wanted > self.total {
            tokio::time::sleep(timeout).await;
            return Err(none);
        }
        let free = Arc::clone(&self.free);
        match tokio::time::timeout(timeout, free.acquire_many_owned(wanted)).await {
            Ok(Ok(permit)) => {
                self.taken.fetch_add(wanted, Ordering::Relaxed);
                Ok(TakenSlots {
                    count: wanted,
                    taken: Arc::clone(&self.taken),
                    permit,
                })
            }
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(none),
        }
    }
}

#[cfg(test)]
mod tests;

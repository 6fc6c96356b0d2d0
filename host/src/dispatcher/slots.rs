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
    _permit: OwnedSemaphorePermit,
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
                    _permit: permit,
                })
            }
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(none),
        }
    }
}

#[cfg(test)]
mod tests;

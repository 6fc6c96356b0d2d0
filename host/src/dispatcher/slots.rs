//! Slots: the right to run tasks. A job takes as many as its widest operator has subtasks and gives them back when it
//! has ended.
//!
//! Keeps: who came first is served first, so a wide job is not starved by narrow ones; a job that can never be served
//! holds nobody back.

use std::sync::Arc;
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
    total: u32,
}

impl Slots {
    pub(super) fn new(total: u32) -> Self {
        Self {
            free: Arc::new(Semaphore::new(total as usize)),
            total,
        }
    }

    /// All slots, and those that are free.
    pub(super) fn total_and_free(&self) -> (u32, u32) {
        let free = u32::try_from(self.free.available_permits()).unwrap_or(self.total);
        (self.total, free)
    }

    /// Waits for slots. They are free again when what is returned is dropped.
    pub(super) async fn take(
        &self,
        wanted: u32,
        timeout: Duration,
    ) -> Result<OwnedSemaphorePermit, NoSlots> {
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
            Ok(Ok(slots)) => Ok(slots),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(none),
        }
    }
}

#[cfg(test)]
mod tests;

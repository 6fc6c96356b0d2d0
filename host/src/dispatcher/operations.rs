//! Operations that take longer than a request: savepoints, rescaling, swaps. Whoever asked for one gets its id and asks
//! for its end; it outlives the job it was about.
//!
//! Keeps: an operation ends once, and its end can be read for as long as it is remembered; at most
//! [`OPERATIONS_MAX`] are, the oldest that ended are forgotten first.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dataflow::ids::JobId;
use dataflow::limits::OPERATIONS_MAX;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use super::DispatchError;
use crate::scheduler::command::CommandError;

/// How far an operation is: `None` while it is under way; what came of it, or why nothing did.
pub(crate) type Outcome = Option<Result<Value, String>>;

struct Operation {
    job: JobId,
    id: String,
    outcome: watch::Sender<Outcome>,
    /// Whether somebody has been told how it ended.
    told: bool,
}

impl Operation {
    fn is(&self, job: JobId, id: &str) -> bool {
        self.job == job && self.id == id
    }
}

/// The operations of a process. Locks are held for a moment only.
#[derive(Default)]
pub(crate) struct Operations {
    entries: Mutex<VecDeque<Operation>>,
    told: Notify,
}

impl Operations {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Operation>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an operation on a job under an id; false if there is one already, which then is what was asked for.
    ///
    /// # Errors
    /// Too many are under way.
    pub(super) fn begin(&self, job: JobId, id: &str) -> Result<bool, DispatchError> {
        let mut entries = self.lock();
        if entries.iter().any(|it| it.is(job, id)) {
            return Ok(false);
        }
        if entries.len() >= OPERATIONS_MAX {
            let ended = entries.iter().position(|it| it.outcome.borrow().is_some());
            let Some(ended) = ended else {
                return Err(CommandError::Busy.into());
            };
            entries.remove(ended);
        }
        entries.push_back(Operation {
            job,
            id: id.to_owned(),
            outcome: watch::Sender::new(None),
            told: false,
        });
        Ok(true)
    }

    /// Waits until of every operation somebody was told how it ended.
    pub(crate) async fn all_told(&self) {
        loop {
            let mut told = pin!(self.told.notified());
            // From here on nothing is missed, also between the look and the wait.
            told.as_mut().enable();
            if self.lock().iter().all(|it| it.told) {
                return;
            }
            told.await;
        }
    }

    fn tell(&self, job: JobId, id: &str) {
        if let Some(operation) = self.lock().iter_mut().find(|it| it.is(job, id)) {
            operation.told = true;
        }
        self.told.notify_waiters();
    }

    /// Whether there is or was an operation on a job under an id, as far as is remembered.
    pub(super) fn is_known(&self, job: JobId, id: &str) -> bool {
        self.lock().iter().any(|it| it.is(job, id))
    }

    /// An operation is over.
    pub(super) fn end(&self, job: JobId, id: &str, outcome: Result<Value, String>) {
        if let Some(operation) = self.lock().iter().find(|it| it.is(job, id)) {
            operation.outcome.send_replace(Some(outcome));
        }
    }

    /// How far an operation on a job is; waits for its end, at most so long.
    ///
    /// # Errors
    /// It is not remembered.
    pub(crate) async fn outcome(
        &self,
        job: JobId,
        id: &str,
        wait: Duration,
    ) -> Result<Outcome, DispatchError> {
        let found = {
            let entries = self.lock();
            let mut entries = entries.iter();
            let found = entries.find(|it| it.is(job, id));
            found.map(|it| it.outcome.subscribe())
        };
        let Some(mut outcome) = found else {
            return Err(DispatchError::NoSuchOperation(id.to_owned()));
        };
        let ended = outcome.wait_for(Option::is_some);
        if let Ok(Ok(ended)) = tokio::time::timeout(wait, ended).await {
            let ended = ended.clone();
            self.tell(job, id);
            return Ok(ended);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;

//! A task between deployment and its first step: wired to its neighbors, and nothing of it runs yet.
//!
//! Keeps: whoever starts it decides where it runs, a thread of its own or the one thread of a simulation. It opens
//! nothing; that is done where it runs.

use std::sync::Arc;

use runtime::task::error::TaskError;
use runtime::task::mailbox::MailboxSender;
use runtime::task::spec::{TaskEnvironment, TaskSpec, TaskWiring};
use runtime::task::thread::spawn;

use super::deploy::RunningTask;

/// A task that is ready to be opened and stepped.
pub(crate) struct PreparedTask {
    /// What it is to be.
    pub(crate) spec: TaskSpec,
    /// Its connections.
    pub(crate) wiring: TaskWiring,
    /// What it shares with others.
    pub(crate) environment: TaskEnvironment,
    /// Its mailbox.
    pub(crate) mailbox: MailboxSender,
}

impl PreparedTask {
    /// Starts it on a thread of its own.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(super) fn start(self) -> Result<RunningTask, TaskError> {
        let (id, name) = (self.spec.id, self.spec.name.clone());
        let figures = Arc::clone(&self.environment.figures);
        let thread = spawn(self.spec, self.wiring, self.environment)?;
        Ok(RunningTask {
            id,
            name,
            mailbox: self.mailbox,
            figures,
            thread,
        })
    }
}

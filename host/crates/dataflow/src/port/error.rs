//! How bad an error is, decided where it arises and acted upon by the scheduler alone.

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// The plug-in, the job or its parameters are wrong.
    User,
    /// Another system, a disk or a network misbehaved.
    External,
    /// A bug of the engine.
    Internal,
}

/// What may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// The same call may succeed when it is made again.
    RetryCall,
    /// The job may succeed from its last checkpoint.
    RestartJob,
    /// Nothing will change until somebody changes the job.
    FailJob,
}

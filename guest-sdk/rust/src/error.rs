//! What can go wrong in a guest: the one error type of the SDK, which user code returns as well.
//!
//! Every text names the object it speaks of, because the user sees it without the code around it. Nothing in here is
//! retried by the guest: the host decides, and rolls the whole call back.

use thiserror::Error as ThisError;

/// Who has to act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// The component or its parameters are wrong.
    User,
    /// The host and the component do not agree; one of them has a defect.
    Internal,
}

/// What may help after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing but a change of the component, its parameters or its input.
    FailJob,
    /// Starting again from the last checkpoint.
    RestartJob,
}

/// Why a job could not be planned or a call could not succeed.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum Error {
    /// Bytes are not a value of the schema that is expected of them.
    #[error("value of schema {schema} is malformed: {reason}")]
    Decode {
        /// The schema, in short.
        schema: String,
        /// The rule that the bytes break.
        reason: &'static str,
    },
    /// A parameter of the job is missing, unknown or has the wrong form.
    #[error("parameter {name}: {reason}")]
    Parameter {
        /// Its name.
        name: String,
        /// What is wrong, and what to give instead.
        reason: String,
    },
    /// The job graph is not one.
    #[error("operator \"{operator}\": {reason}")]
    Graph {
        /// The `uid` of the operator.
        operator: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The host asked for something that the plan does not have.
    #[error("task of the host does not fit the plan: {0}")]
    Task(String),
    /// User code said no.
    #[error("{0}")]
    User(String),
}

impl Error {
    /// Who has to act.
    pub fn domain(&self) -> Domain {
        match self {
            Self::Task(_) => Domain::Internal,
            Self::Decode { .. } | Self::Parameter { .. } | Self::Graph { .. } | Self::User(_) => {
                Domain::User
            }
        }
    }

    /// What may help.
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::Task(_) => Recovery::RestartJob,
            Self::Decode { .. } | Self::Parameter { .. } | Self::Graph { .. } | Self::User(_) => {
                Recovery::FailJob
            }
        }
    }
}

impl From<&str> for Error {
    fn from(text: &str) -> Self {
        Self::User(text.to_owned())
    }
}

impl From<String> for Error {
    fn from(text: String) -> Self {
        Self::User(text)
    }
}

/// What a job function returns when there is no job to build.
pub type JobError = Error;

/// What user functions return: nothing, or why the record could not be processed.
pub type Outcome = Result<(), Error>;

//! Why a task failed, with the whole chain of causes as the user will read it.

use dataflow::checkpoint::in_flight::InFlightError;
use dataflow::port::blob::BlobError;
use dataflow::port::error::{Domain, Recovery};
use dataflow::port::operator::OperatorError;
use dataflow::port::sink::ConnectorError;
use dataflow::port::state::StateError;
use thiserror::Error;

/// A task could not go on.
#[derive(Debug, Error)]
pub enum TaskError {
    /// User logic failed.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// User logic failed where no record can be left out.
    #[error(
        "{source}; it was {what}, which cannot be left out as a record can, so on-failure does not apply"
    )]
    Unskippable {
        /// What was being done.
        what: &'static str,
        /// What happened.
        source: Box<OperatorError>,
    },
    /// A source or sink failed.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// Keyed state failed.
    #[error("keyed state: {0}")]
    State(#[from] StateError),
    /// The checkpoint store failed at restore.
    #[error("restore: {0}")]
    Restore(#[from] BlobError),
    /// What a checkpoint has in flight is not that of this task.
    #[error("restore: {0}")]
    InFlight(#[from] InFlightError),
    /// The task in front of a channel is gone.
    #[error("input channel {0} broke off: the task in front of it has failed")]
    BrokenChannel(usize),
    /// A thread could not be started or something panicked.
    #[error("{0}")]
    Internal(String),
}

impl TaskError {
    /// Who has to act.
    pub fn domain(&self) -> Domain {
        match self {
            Self::Operator(error) => error.domain(),
            Self::Unskippable { source, .. } => source.domain(),
            Self::Connector(error) => error.domain(),
            Self::State(error) => error.domain(),
            Self::Restore(_) | Self::InFlight(_) => Domain::External,
            Self::BrokenChannel(_) | Self::Internal(_) => Domain::Internal,
        }
    }

    /// What may help.
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::Operator(error) => error.recovery(),
            Self::Unskippable { source, .. } => source.recovery(),
            Self::Connector(error) => error.recovery(),
            Self::State(error) => error.recovery(),
            Self::Restore(_) | Self::InFlight(_) | Self::BrokenChannel(_) | Self::Internal(_) => {
                Recovery::RestartJob
            }
        }
    }
}

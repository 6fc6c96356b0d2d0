//! What a request is answered with when it is not done: a status and `{"errors": [..]}`, as Flink has it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::dispatcher::DispatchError;
use crate::scheduler::command::CommandError;

/// A request that is not done.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    reason: String,
}

/// The body of such an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Errors {
    /// What was wrong, each in a sentence.
    pub(crate) errors: Vec<String>,
}

impl ApiError {
    /// An answer with this status.
    pub(crate) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
        }
    }

    /// The request makes no sense.
    pub(crate) fn bad(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    /// What was wrong, in a sentence.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    /// There is no such thing.
    pub(crate) fn missing(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, reason)
    }
}

impl From<CommandError> for ApiError {
    fn from(error: CommandError) -> Self {
        let status = match &error {
            CommandError::NotNow(_)
            | CommandError::Ended
            | CommandError::NoCheckpoints
            | CommandError::Replay(_)
            | CommandError::Outdated => StatusCode::CONFLICT,
            CommandError::Busy => StatusCode::TOO_MANY_REQUESTS,
            CommandError::Checkpoint { .. }
            | CommandError::RolledBack(_)
            | CommandError::Savepoint(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl From<DispatchError> for ApiError {
    fn from(error: DispatchError) -> Self {
        let status = match error {
            DispatchError::Command(error) => return error.into(),
            DispatchError::NoSuchJob(_)
            | DispatchError::NoSuchComponent(_)
            | DispatchError::NoSuchOperation(_)
            | DispatchError::NoState(_) => StatusCode::NOT_FOUND,
            DispatchError::Ended(..)
            | DispatchError::NotEnded(..)
            | DispatchError::ComponentInUse(..) => StatusCode::CONFLICT,
            DispatchError::Refused(_) => StatusCode::BAD_REQUEST,
            DispatchError::NoSubmissions => StatusCode::FORBIDDEN,
            DispatchError::Full | DispatchError::Slots(_) => StatusCode::TOO_MANY_REQUESTS,
            DispatchError::Storage { .. } | DispatchError::Internal(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let errors = vec![self.reason];
        (self.status, Json(Errors { errors })).into_response()
    }
}

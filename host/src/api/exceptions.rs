//! `/jobs/:jid/exceptions`: what went wrong, the newest first, and what was done about it.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::documents::{JobPath, document};
use super::error::ApiError;
use super::{Api, taskmanagers};
use crate::dispatcher::active_job::ActiveJob;
use crate::scheduler::job_view::FailureRecord;

/// A failure.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ExceptionEntry {
    exception_name: String,
    stacktrace: String,
    timestamp: i64,
    task_name: Option<String>,
    location: Option<&'static str>,
    endpoint: Option<&'static str>,
    task_manager_id: Option<&'static str>,
    #[schema(value_type = Vec<Object>)]
    concurrent_exceptions: Vec<ExceptionEntry>,
    /// What was done: the delay before the restart, or why there was none.
    answer: String,
    attempt: u32,
}

/// A restart.
#[derive(Debug, Serialize, ToSchema)]
struct RestartEntry {
    timestamp: i64,
    delay: i64,
    cause: String,
}

/// Failures that are remembered.
#[derive(Debug, Serialize, ToSchema)]
struct ExceptionHistory {
    entries: Vec<ExceptionEntry>,
    truncated: bool,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Exceptions {
    #[serde(rename = "root-exception")]
    root: Option<String>,
    timestamp: Option<i64>,
    #[serde(rename = "exceptionHistory")]
    history: ExceptionHistory,
    restarts: Vec<RestartEntry>,
}

fn entry(failure: &FailureRecord) -> ExceptionEntry {
    let task = failure.task.as_ref();
    ExceptionEntry {
        exception_name: failure.causes.first().cloned().unwrap_or_default(),
        stacktrace: failure.causes.join("\ncaused by: "),
        timestamp: failure.at_ms,
        task_name: task.map(|(id, chain)| format!("{chain} - subtask {}", id.subtask)),
        location: task.map(|_| taskmanagers::ID),
        endpoint: task.map(|_| taskmanagers::ID),
        task_manager_id: task.map(|_| taskmanagers::ID),
        concurrent_exceptions: Vec::new(),
        answer: match &failure.answer {
            Ok(delay_ms) => format!("restarted after {delay_ms} ms"),
            Err(why) => format!("not restarted: {why}"),
        },
        attempt: failure.attempt,
    }
}

impl Exceptions {
    pub(super) fn of(active: &ActiveJob) -> Self {
        let view = active.handle.view.lock();
        let failures = &view.failures;
        let restarts = failures.iter().filter_map(|failure| {
            Some(RestartEntry {
                timestamp: failure.at_ms,
                delay: *failure.answer.as_ref().ok()?,
                cause: failure.causes.first().cloned().unwrap_or_default(),
            })
        });
        Self {
            root: failures
                .front()
                .map(|failure| failure.causes.join("\ncaused by: ")),
            timestamp: failures.front().map(|failure| failure.at_ms),
            history: ExceptionHistory {
                entries: failures.iter().map(entry).collect(),
                truncated: failures.len() == dataflow::limits::FAILURE_HISTORY_MAX,
            },
            restarts: restarts.collect(),
        }
    }

    /// Of a job that could not be taken up again.
    pub(super) fn lost(reason: &str, now_ms: i64) -> Self {
        let failure = FailureRecord {
            at_ms: now_ms,
            attempt: 0,
            task: None,
            causes: vec![format!("it could not be taken up again: {reason}")],
            answer: Err("it was not deployed".to_owned()),
        };
        Self {
            root: failure.causes.first().cloned(),
            timestamp: Some(now_ms),
            history: ExceptionHistory {
                entries: vec![entry(&failure)],
                truncated: false,
            },
            restarts: Vec::new(),
        }
    }
}

/// What went wrong, the newest first.
#[utoipa::path(get, path = "/jobs/{jid}/exceptions", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, body = Exceptions), (status = 404, body = super::error::Errors)))]
pub(super) async fn exceptions(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Response, ApiError> {
    document(&api, &job, "exceptions", |active, _| {
        Ok(Exceptions::of(active))
    })
    .await
}

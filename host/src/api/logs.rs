//! `/jobs/:jid/logs`, `/jobmanager/logs`: the newest log entries of a job, and those of the process.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::Level;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::documents::{JobPath, job_id};
use super::error::ApiError;
use super::json::Query;
use crate::dispatcher::Entry;
use crate::dispatcher::active_job::ActiveJob;
use crate::job_log::LogEntry;

/// The one log of the process.
const PROCESS_LOG: &str = "wasmill.log";

/// Entries of one answer unless the request says otherwise.
const LIMIT_DEFAULT: usize = 200;

/// Which entries are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(super) struct Wanted {
    /// As serious as this, or more: error, warn, info.
    level: Option<String>,
    /// About this operator or chain.
    operator: Option<String>,
    /// So many of the newest.
    limit: Option<usize>,
}

/// A log entry.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct LogRow {
    time: i64,
    level: String,
    operator: Option<String>,
    subtask: Option<u64>,
    message: String,
}

/// Log entries, oldest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Logs {
    entries: Vec<LogRow>,
}

impl From<LogEntry> for LogRow {
    fn from(entry: LogEntry) -> Self {
        Self {
            time: entry.time_ms,
            level: entry.level.as_str().to_owned(),
            operator: entry.operator,
            subtask: entry.subtask,
            message: entry.message,
        }
    }
}

impl Logs {
    /// Everything a job has logged and that is still known.
    pub(super) fn of(active: &ActiveJob) -> Self {
        let entries = active.log().into_iter().map(LogRow::from).collect();
        Self { entries }
    }

    fn pick(self, wanted: &Wanted) -> Result<Self, ApiError> {
        let least: Level = match &wanted.level {
            None => Level::INFO,
            Some(level) => level.parse().map_err(|_| {
                let level = level.escape_default();
                ApiError::bad(format!("level \"{level}\": write error, warn or info"))
            })?,
        };
        let about = |entry: &LogRow| {
            let operator = entry.operator.as_deref().unwrap_or_default();
            let wanted = wanted.operator.as_ref();
            wanted.is_none_or(|wanted| operator.contains(wanted.as_str()))
        };
        let serious = |entry: &LogRow| entry.level.parse().is_ok_and(|level: Level| level <= least);
        let mut entries = self.entries;
        entries.retain(|entry| serious(entry) && about(entry));
        let beyond = entries
            .len()
            .saturating_sub(wanted.limit.unwrap_or(LIMIT_DEFAULT));
        entries.drain(..beyond);
        Ok(Self { entries })
    }
}

/// The newest log entries of a job, oldest first.
#[utoipa::path(get, path = "/jobs/{jid}/logs", tag = "jobs", params(("jid" = String, Path), Wanted),
    responses((status = 200, body = Logs), (status = 404, body = super::error::Errors)))]
pub(super) async fn job_logs(
    State(api): State<Api>,
    Path(job): JobPath,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Logs>, ApiError> {
    let logs = match api.dispatcher.job(job_id(&job)?)? {
        Entry::Active(active) => Logs::of(&active),
        Entry::Ended(archive) => {
            let logs = archive.documents.get("logs").cloned();
            let logs = logs.and_then(|logs| serde_json::from_value(logs).ok());
            logs.unwrap_or(Logs {
                entries: Vec::new(),
            })
        }
    };
    Ok(Json(logs.pick(&wanted)?))
}

/// The logs of the process.
#[utoipa::path(get, path = "/jobmanager/logs", tag = "cluster", responses((status = 200, description = "Their names")))]
pub(super) async fn process_logs() -> Json<Value> {
    Json(json!({ "logs": [{ "name": PROCESS_LOG, "size": 0 }] }))
}

/// The newest entries of the process, as text.
#[utoipa::path(get, path = "/jobmanager/log/{name}", tag = "cluster", params(("name" = String, Path)),
    responses((status = 200, description = "The entries"), (status = 404, body = super::error::Errors)))]
pub(super) async fn process_log(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<String, ApiError> {
    if name != PROCESS_LOG {
        let what = format!(
            "there is no log \"{}\"; there is {PROCESS_LOG}",
            name.escape_default()
        );
        return Err(ApiError::missing(what));
    }
    let line = |entry: LogEntry| format!("{} {} {}\n", entry.time_ms, entry.level, entry.message);
    Ok(api.dispatcher.logs.of(None).into_iter().map(line).collect())
}

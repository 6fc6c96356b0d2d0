//! `/jobs` and `/jobs/overview`: every job in a line; cancel and forget one.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dataflow::job::status::{JOB_STATUSES, StatusHistory};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::documents::job_id;
use super::error::ApiError;
use super::json::Query;
use crate::dispatcher::active_job::ActiveJob;
use crate::dispatcher::archive::OVERVIEW;
use crate::dispatcher::job_spec::JobRecord;
use crate::dispatcher::{Dispatcher, Entry};
use crate::scheduler::job_view::{TaskStatus, TaskView};

/// How many tasks are in each state.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(super) struct TaskCounts {
    total: usize,
    created: usize,
    scheduled: usize,
    deploying: usize,
    initializing: usize,
    running: usize,
    finished: usize,
    canceling: usize,
    canceled: usize,
    failed: usize,
    reconciling: usize,
}

impl TaskCounts {
    pub(super) fn of<'a>(tasks: impl Iterator<Item = &'a TaskView>) -> Self {
        let mut counts = Self::default();
        for task in tasks {
            counts.total += 1;
            let count = match task.status {
                TaskStatus::Initializing => &mut counts.initializing,
                TaskStatus::Running => &mut counts.running,
                TaskStatus::Finished => &mut counts.finished,
                TaskStatus::Canceled => &mut counts.canceled,
                TaskStatus::Failed => &mut counts.failed,
            };
            *count += 1;
        }
        counts
    }

    /// The states as Flink's `status-counts`.
    pub(super) fn by_status(&self) -> Value {
        serde_json::json!({
            "CREATED": self.created, "SCHEDULED": self.scheduled, "DEPLOYING": self.deploying,
            "INITIALIZING": self.initializing, "RUNNING": self.running, "FINISHED": self.finished,
            "CANCELING": self.canceling, "CANCELED": self.canceled, "FAILED": self.failed,
            "RECONCILING": self.reconciling,
        })
    }
}

/// The last completed checkpoint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct LastCheckpoint {
    id: u64,
    end_time: i64,
    duration: i64,
    bytes: u64,
}

/// A job in a line.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct JobRow {
    jid: String,
    name: String,
    state: &'static str,
    start_time: i64,
    end_time: i64,
    duration: i64,
    last_modification: i64,
    tasks: TaskCounts,
    parallelism: u32,
    read_records: u64,
    write_records: u64,
    records_in_per_second: f64,
    records_out_per_second: f64,
    watermark_lag_ms: Option<i64>,
    last_checkpoint: Option<LastCheckpoint>,
    restarts: u64,
}

/// When a job began, ended (-1 if it has not) and how long it has taken.
pub(super) fn times(history: &StatusHistory, begun_ms: i64, now_ms: i64) -> (i64, i64, i64) {
    let status = history.status();
    let end = status
        .is_terminal()
        .then(|| history.since_ms(status))
        .flatten();
    (
        begun_ms,
        end.unwrap_or(-1),
        end.unwrap_or(now_ms) - begun_ms,
    )
}

impl JobRow {
    /// A job of this process.
    pub(super) fn of(active: &ActiveJob, now_ms: i64) -> Self {
        let record = &active.record;
        let view = active.handle.view.lock().clone();
        let rates = active.rates();
        let readings = view.tasks.iter().map(|task| (task, task.figures.read()));
        let readings: Vec<_> = readings.collect();
        let sources = || readings.iter().filter(|(task, _)| task.is_source);
        let sinks = || readings.iter().filter(|(task, _)| task.has_sink);
        let slowest = readings
            .iter()
            .filter_map(|(_, reading)| reading.known_watermark())
            .min();
        let (start_time, end_time, duration) = times(&view.history, record.submitted_ms, now_ms);
        let changes = JOB_STATUSES
            .iter()
            .filter_map(|status| view.history.since_ms(*status));
        let vertices = view.job.execution.vertices.iter();
        let last = view.checkpoints.last_completed();
        Self {
            jid: record.id.to_string(),
            name: record.name.clone(),
            state: view.history.status().name(),
            start_time,
            end_time,
            duration,
            last_modification: changes.max().unwrap_or(start_time),
            tasks: TaskCounts::of(view.tasks.iter()),
            parallelism: vertices.map(|vertex| vertex.parallelism).max().unwrap_or(1),
            read_records: sources().map(|(_, reading)| reading.records_in).sum(),
            write_records: sinks().map(|(_, reading)| reading.records_out).sum(),
            records_in_per_second: sources()
                .map(|(task, _)| rates.of(task.id).records_in)
                .sum(),
            records_out_per_second: sinks().map(|(task, _)| rates.of(task.id).records_out).sum(),
            watermark_lag_ms: slowest.map(|watermark| (now_ms - watermark).max(0)),
            last_checkpoint: last.map(|last| LastCheckpoint {
                id: last.id.0,
                end_time: last.ended_ms.unwrap_or(last.triggered_ms),
                duration: last.duration_ms().unwrap_or(0),
                bytes: last.state_bytes(),
            }),
            restarts: view.restarts,
        }
    }

    /// A job that could not be taken up again.
    pub(super) fn lost(record: &JobRecord, now_ms: i64) -> Self {
        Self {
            jid: record.id.to_string(),
            name: record.name.clone(),
            state: "FAILED",
            start_time: record.submitted_ms,
            end_time: now_ms,
            duration: now_ms - record.submitted_ms,
            last_modification: now_ms,
            tasks: TaskCounts::default(),
            parallelism: record.spec.parallelism.unwrap_or(1),
            read_records: 0,
            write_records: 0,
            records_in_per_second: 0.0,
            records_out_per_second: 0.0,
            watermark_lag_ms: None,
            last_checkpoint: None,
            restarts: 0,
        }
    }
}

/// The state of every job.
pub(super) fn states(dispatcher: &Dispatcher) -> Vec<String> {
    let state = |entry| match entry {
        Entry::Active(job) => job.handle.view.status().name().to_owned(),
        Entry::Ended(archive) => archive.state().to_owned(),
    };
    dispatcher.jobs().into_iter().map(state).collect()
}

/// Every job in a line, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobsOverview {
    /// The lines; those of ended jobs as they were at the end.
    #[schema(value_type = Vec<JobRow>)]
    jobs: Vec<Value>,
}

impl JobsOverview {
    pub(super) fn of(api: &Api) -> Self {
        let now_ms = api.dispatcher.clock.now_ms();
        let row = |entry| match entry {
            // Our own shape has texts as keys, and so always becomes JSON.
            Entry::Active(job) => {
                serde_json::to_value(JobRow::of(&job, now_ms)).unwrap_or(Value::Null)
            }
            Entry::Ended(archive) => archive
                .documents
                .get(OVERVIEW)
                .cloned()
                .unwrap_or(Value::Null),
        };
        let jobs = api.dispatcher.jobs().into_iter().map(row).collect();
        Self { jobs }
    }
}

/// A job by id and state.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobStatusRow {
    id: String,
    status: String,
}

/// Every job by id and state.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Jobs {
    jobs: Vec<JobStatusRow>,
}

/// Every job by id and state, the newest first.
#[utoipa::path(get, path = "/jobs", tag = "jobs", responses((status = 200, body = Jobs)))]
pub(super) async fn jobs(State(api): State<Api>) -> Json<Jobs> {
    let row = |entry: Entry| match entry {
        Entry::Active(job) => JobStatusRow {
            id: job.record.id.to_string(),
            status: job.handle.view.status().name().to_owned(),
        },
        Entry::Ended(archive) => JobStatusRow {
            id: archive.id.to_string(),
            status: archive.state().to_owned(),
        },
    };
    loop {
        let jobs = api.dispatcher.jobs().into_iter().map(row).collect();
        if !api.dispatcher.keeps_ends().await {
            return Json(Jobs { jobs });
        }
    }
}

/// Every job in a line, the newest first.
#[utoipa::path(get, path = "/jobs/overview", tag = "jobs", responses((status = 200, body = JobsOverview)))]
pub(super) async fn jobs_overview(State(api): State<Api>) -> Json<JobsOverview> {
    loop {
        let jobs = JobsOverview::of(&api);
        // An end is told when it is kept.
        if !api.dispatcher.keeps_ends().await {
            return Json(jobs);
        }
    }
}

/// How a job is to end.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(super) struct Termination {
    /// `cancel`, which is the default.
    mode: Option<String>,
}

/// Cancels a job. It has ended when its state says so.
#[utoipa::path(patch, path = "/jobs/{jid}", tag = "jobs", params(("jid" = String, Path), Termination),
    responses((status = 202, description = "It is being cancelled"), (status = 404, body = super::error::Errors), (status = 409, body = super::error::Errors)))]
pub(super) async fn cancel(
    State(api): State<Api>,
    Path(job): Path<String>,
    Query(termination): Query<Termination>,
) -> Result<Response, ApiError> {
    if let Some(mode) = termination.mode.filter(|mode| mode != "cancel") {
        return Err(ApiError::bad(format!(
            "mode \"{mode}\": a job can be cancelled here; stop it with a savepoint by POST to its stop"
        )));
    }
    api.dispatcher.cancel(job_id(&job)?)?;
    Ok((StatusCode::ACCEPTED, Json(serde_json::json!({}))).into_response())
}

/// Forgets a job that has ended, with its checkpoints.
#[utoipa::path(delete, path = "/jobs/{jid}", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, description = "It is forgotten"), (status = 404, body = super::error::Errors), (status = 409, body = super::error::Errors)))]
pub(super) async fn forget(
    State(api): State<Api>,
    Path(job): Path<String>,
) -> Result<Json<Value>, ApiError> {
    api.dispatcher.forget_ended(job_id(&job)?).await?;
    Ok(Json(serde_json::json!({})))
}

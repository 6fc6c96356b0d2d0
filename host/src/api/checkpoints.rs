//! `/jobs/:jid/checkpoints` and below: the checkpoints of a job, their parts, their settings; take one now.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use dataflow::checkpoint::barrier_aligner::CheckpointMode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::documents::{JobPath, document, job_id};
use super::error::ApiError;
use super::{Api, vertices};
use crate::config::Backend;
use crate::dispatcher::active_job::ActiveJob;
use crate::scheduler::checkpoint_history::{CheckpointRecord, Progress, Restoration};
use crate::scheduler::command::JobCommand;
use crate::scheduler::job_view::ViewState;

/// How many checkpoints there were.
#[derive(Debug, Serialize, ToSchema)]
struct Counts {
    restored: u64,
    total: u64,
    in_progress: u64,
    completed: u64,
    failed: u64,
}

/// A figure over the checkpoints that are remembered.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Spread {
    min: i64,
    max: i64,
    avg: i64,
    p50: i64,
    p95: i64,
}

impl Spread {
    fn of(values: impl Iterator<Item = i64>) -> Self {
        let mut values: Vec<i64> = values.collect();
        values.sort_unstable();
        let at = |share: f64| {
            let index = (values.len() as f64 * share).ceil() as usize;
            values.get(index.saturating_sub(1)).copied().unwrap_or(0)
        };
        Self {
            min: at(0.0),
            max: at(1.0),
            avg: values.iter().sum::<i64>() / (values.len().max(1) as i64),
            p50: at(0.5),
            p95: at(0.95),
        }
    }
}

/// A checkpoint.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Checkpoint {
    id: u64,
    status: &'static str,
    is_savepoint: bool,
    trigger_timestamp: i64,
    latest_ack_timestamp: i64,
    state_size: u64,
    checkpointed_size: u64,
    end_to_end_duration: i64,
    /// Bytes of records that were processed while barriers were awaited.
    processed_data: u64,
    /// Bytes that were in flight and are part of it.
    persisted_data: u64,
    num_subtasks: usize,
    num_acknowledged_subtasks: usize,
    external_path: Option<String>,
    failure_message: Option<String>,
    checkpoint_type: &'static str,
    #[schema(value_type = Object)]
    tasks: Value,
}

impl Checkpoint {
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    fn of(view: &ViewState, record: &CheckpointRecord) -> Self {
        let (status, failure_message) = match &record.progress {
            Progress::UnderWay => ("IN_PROGRESS", None),
            Progress::Completed => ("COMPLETED", None),
            Progress::Failed(why) => ("FAILED", Some(why.clone())),
        };
        let latest = record.parts.values().map(|(at_ms, _)| *at_ms).max();
        let tasks = view.job.execution.vertices.iter().map(|vertex| {
            let parts = record
                .parts
                .iter()
                .filter(|(task, _)| task.vertex == vertex.id);
            let parts: Vec<_> = parts.map(|(_, part)| part).collect();
            let bytes: u64 = parts.iter().map(|(_, part)| part.state_bytes).sum();
            let latest = parts.iter().map(|(at_ms, _)| *at_ms).max();
            let of_vertex = json!({
                "id": record.id.0,
                "status": status,
                "latest_ack_timestamp": latest.unwrap_or(-1),
                "state_size": bytes,
                "checkpointed_size": bytes,
                "end_to_end_duration": latest.map_or(-1, |at_ms| at_ms - record.triggered_ms),
                "processed_data": parts.iter().map(|(_, part)| part.processed_bytes).sum::<u64>(),
                "persisted_data": parts.iter().map(|(_, part)| part.persisted_bytes).sum::<u64>(),
                "num_subtasks": vertex.parallelism,
                "num_acknowledged_subtasks": parts.len(),
            });
            (vertex.id.0.to_string(), of_vertex)
        });
        let savepoint = record.savepoint.as_ref();
        let savepoint = savepoint.map(|path| path.display().to_string());
        Self {
            id: record.id.0,
            status,
            is_savepoint: record.savepoint.is_some(),
            trigger_timestamp: record.triggered_ms,
            latest_ack_timestamp: latest.unwrap_or(-1),
            state_size: record.state_bytes(),
            checkpointed_size: record.state_bytes(),
            end_to_end_duration: record.duration_ms().unwrap_or(-1),
            processed_data: record.sum(|part| part.processed_bytes),
            persisted_data: record.sum(|part| part.persisted_bytes),
            num_subtasks: record.tasks,
            num_acknowledged_subtasks: record.parts.len(),
            external_path: savepoint,
            failure_message,
            checkpoint_type: match record.savepoint {
                Some(_) => "SAVEPOINT",
                None if record.is_unaligned() => "UNALIGNED_CHECKPOINT",
                None => "CHECKPOINT",
            },
            tasks: Value::Object(tasks.collect()),
        }
    }
}

/// The newest of every kind.
#[derive(Debug, Serialize, ToSchema)]
struct Latest {
    completed: Option<Checkpoint>,
    savepoint: Option<Checkpoint>,
    failed: Option<Checkpoint>,
    restored: Option<Restored>,
}

/// What the job last went on from.
#[derive(Debug, Serialize, ToSchema)]
struct Restored {
    id: u64,
    restore_timestamp: i64,
    is_savepoint: bool,
    /// Its folder: a path or an `s3://` address.
    external_path: String,
}

impl Restored {
    fn of(from: &Restoration) -> Self {
        Self {
            id: from.checkpoint,
            restore_timestamp: from.at_ms,
            is_savepoint: from.place.is_savepoint,
            external_path: from.place.path.clone(),
        }
    }
}

/// The checkpoints of a job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Checkpoints {
    counts: Counts,
    summary: BTreeMap<&'static str, Spread>,
    latest: Latest,
    history: Vec<Checkpoint>,
}

impl Checkpoints {
    pub(super) fn of(active: &ActiveJob) -> Self {
        let view = active.handle.view.lock().clone();
        let records = || view.checkpoints.records();
        let completed = || records().filter(|record| record.progress == Progress::Completed);
        let under_way = records()
            .filter(|record| record.progress == Progress::UnderWay)
            .count();
        let failed = records().find(|record| matches!(record.progress, Progress::Failed(_)));
        let bytes = |record: &CheckpointRecord| record.state_bytes() as i64;
        let restored = view.checkpoints.restored_from.as_ref();
        Self {
            counts: Counts {
                restored: view.checkpoints.restored,
                total: view.checkpoints.completed + view.checkpoints.failed + under_way as u64,
                in_progress: under_way as u64,
                completed: view.checkpoints.completed,
                failed: view.checkpoints.failed,
            },
            summary: BTreeMap::from([
                ("state_size", Spread::of(completed().map(bytes))),
                ("checkpointed_size", Spread::of(completed().map(bytes))),
                (
                    "end_to_end_duration",
                    Spread::of(completed().filter_map(CheckpointRecord::duration_ms)),
                ),
            ]),
            latest: Latest {
                completed: view
                    .checkpoints
                    .last_completed()
                    .map(|it| Checkpoint::of(&view, it)),
                savepoint: records()
                    .find(|record| record.savepoint.is_some())
                    .map(|it| Checkpoint::of(&view, it)),
                failed: failed.map(|it| Checkpoint::of(&view, it)),
                restored: restored.map(Restored::of),
            },
            history: records()
                .map(|record| Checkpoint::of(&view, record))
                .collect(),
        }
    }
}

/// When checkpoints are taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckpointConfig {
    mode: &'static str,
    /// Milliseconds; 0 if none are taken.
    interval: u128,
    timeout: u128,
    min_pause: u128,
    max_concurrent: usize,
    state_backend: &'static str,
    checkpoint_storage: &'static str,
    tolerable_failed_checkpoints: u32,
    unaligned_checkpoints: bool,
    /// Milliseconds after which a checkpoint goes on unaligned.
    aligned_checkpoint_timeout: u128,
    num_retained: usize,
}

impl CheckpointConfig {
    pub(super) fn of(active: &ActiveJob) -> Self {
        let config = &active.config;
        let (state_backend, checkpoint_storage) = match config.backend {
            Backend::Memory => ("memory", "memory"),
            Backend::Filesystem => ("filesystem", "filesystem"),
            Backend::Rocksdb => ("rocksdb", "filesystem"),
        };
        Self {
            mode: match config.checkpoint_mode {
                CheckpointMode::ExactlyOnce => "exactly_once",
                CheckpointMode::AtLeastOnce => "at_least_once",
            },
            interval: config.checkpoint_interval.map_or(0, |it| it.as_millis()),
            timeout: config.checkpoint_timeout.as_millis(),
            min_pause: config.checkpoint_min_pause.as_millis(),
            max_concurrent: config.max_concurrent_checkpoints,
            state_backend,
            checkpoint_storage,
            tolerable_failed_checkpoints: config.tolerated_checkpoint_failures,
            unaligned_checkpoints: config.unaligned_after.is_some(),
            aligned_checkpoint_timeout: config.unaligned_after.map_or(0, |it| it.as_millis()),
            num_retained: config.retained_checkpoints,
        }
    }
}

/// Every checkpoint that is remembered.
pub(super) fn all_details(active: &ActiveJob) -> Vec<Checkpoint> {
    let view = active.handle.view.lock().clone();
    let records = view.checkpoints.records();
    records
        .map(|record| Checkpoint::of(&view, record))
        .collect()
}

fn record<'a>(view: &'a ViewState, id: &str) -> Result<&'a CheckpointRecord, ApiError> {
    let mut records = view.checkpoints.records();
    let found = records.find(|record| record.id.0.to_string() == id);
    found.ok_or_else(|| ApiError::missing(format!("checkpoint \"{id}\" is not remembered")))
}

/// The checkpoints of a job, the newest first.
#[utoipa::path(get, path = "/jobs/{jid}/checkpoints", tag = "checkpoints", params(("jid" = String, Path)),
    responses((status = 200, body = Checkpoints), (status = 404, body = super::error::Errors)))]
pub(super) async fn checkpoints(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Response, ApiError> {
    document(&api, &job, "checkpoints", |active, _| {
        Ok(Checkpoints::of(active))
    })
    .await
}

/// When checkpoints are taken.
#[utoipa::path(get, path = "/jobs/{jid}/checkpoints/config", tag = "checkpoints", params(("jid" = String, Path)),
    responses((status = 200, body = CheckpointConfig), (status = 404, body = super::error::Errors)))]
pub(super) async fn config(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Response, ApiError> {
    document(&api, &job, "checkpoints/config", |active, _| {
        Ok(CheckpointConfig::of(active))
    })
    .await
}

/// A checkpoint with its parts by chain.
#[utoipa::path(get, path = "/jobs/{jid}/checkpoints/details/{id}", tag = "checkpoints", params(("jid" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Checkpoint), (status = 404, body = super::error::Errors)))]
pub(super) async fn details(
    State(api): State<Api>,
    Path((job, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    document(
        &api,
        &job,
        &format!("checkpoints/details/{id}"),
        |active, _| {
            let view = active.handle.view.lock().clone();
            Ok(Checkpoint::of(&view, record(&view, &id)?))
        },
    )
    .await
}

/// The parts of a checkpoint that the subtasks of a chain gave.
#[utoipa::path(get, path = "/jobs/{jid}/checkpoints/details/{id}/subtasks/{vid}", tag = "checkpoints",
    params(("jid" = String, Path), ("id" = String, Path), ("vid" = String, Path)),
    responses((status = 200, description = "The parts"), (status = 404, body = super::error::Errors)))]
pub(super) async fn subtasks(
    State(api): State<Api>,
    Path((job, id, vertex)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let active = api.dispatcher.active(job_id(&job)?)?;
    let view = active.handle.view.lock().clone();
    let (vertex, record) = (vertices::find(&view, &vertex)?, record(&view, &id)?);
    let ms = |ns: u64| ns as f64 / 1e6;
    let subtask = |index: u32| {
        let task = dataflow::ids::TaskId {
            vertex: vertex.id,
            subtask: index,
        };
        match record.parts.get(&task) {
            None => json!({ "index": index, "status": "pending" }),
            Some((at_ms, part)) => json!({
                "index": index,
                "status": "completed",
                "ack_timestamp": at_ms,
                "end_to_end_duration": at_ms - record.triggered_ms,
                "state_size": part.state_bytes,
                "checkpointed_size": part.state_bytes,
                "checkpoint": { "sync": ms(part.sync_ns), "async": ms(part.async_ns) },
                "alignment": {
                    "duration": ms(part.align_ns),
                    "buffered": 0,
                    "processed": part.processed_bytes,
                    "persisted": part.persisted_bytes,
                },
                "processed_data": part.processed_bytes,
                "persisted_data": part.persisted_bytes,
                "start_delay": 0,
                "unaligned_checkpoint": part.unaligned,
                "aborted": false,
            }),
        }
    };
    let subtasks: Vec<Value> = (0..vertex.parallelism).map(subtask).collect();
    Ok(Json(json!({ "id": record.id.0, "subtasks": subtasks })))
}

/// The checkpoint that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Taken {
    #[serde(rename = "checkpoint-id")]
    checkpoint: u64,
}

/// Takes a checkpoint now; answered when it is complete.
#[utoipa::path(post, path = "/jobs/{jid}/checkpoints", tag = "checkpoints", params(("jid" = String, Path)),
    responses((status = 200, body = Taken), (status = 404, body = super::error::Errors), (status = 409, body = super::error::Errors)))]
pub(super) async fn trigger(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Json<Taken>, ApiError> {
    let active = api.dispatcher.active(job_id(&job)?)?;
    let checkpoint = active.handle.ask(JobCommand::Checkpoint).await?.0;
    Ok(Json(Taken { checkpoint }))
}

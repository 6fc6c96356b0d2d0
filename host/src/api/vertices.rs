//! `/jobs/:jid/vertices/:vid` and below: the subtasks of a chain, their watermarks, back-pressure and metrics.

use std::sync::MutexGuard;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use dataflow::graph::execution::Vertex;
use dataflow::ids::VertexId;
use runtime::task::figures::TaskReading;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::documents::document;
use super::error::ApiError;
use super::job::{span_of, watermark_of};
use super::json::Query;
use crate::dispatcher::active_job::ActiveJob;
use crate::dispatcher::rates::Rates;
use crate::reporter::samples::metrics_of;
use crate::scheduler::job_view::{TaskView, ViewState};

/// Queued buffers at which a channel counts as full.
const CHANNEL_BUFFERS: u64 = (dataflow::limits::EXCLUSIVE_SEGMENTS_PER_CHANNEL
    + dataflow::limits::FLOATING_SEGMENTS_PER_CHANNEL) as u64;

/// The figures of some tasks together.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Metrics {
    read_bytes: u64,
    read_bytes_complete: bool,
    write_bytes: u64,
    write_bytes_complete: bool,
    read_records: u64,
    read_records_complete: bool,
    write_records: u64,
    write_records_complete: bool,
    accumulated_backpressured_time: u64,
    accumulated_idle_time: u64,
    accumulated_busy_time: f64,
    /// The mean over the tasks (0 to 1).
    busy_ratio: f64,
    idle_ratio: f64,
    backpressured_ratio: f64,
    records_in_per_second: f64,
    records_out_per_second: f64,
    watermark: Option<i64>,
    /// How full the outgoing channels are (0 to 1).
    queue_fill: f64,
    state_bytes: u64,
    state_entries: u64,
    timers: u64,
}

impl Metrics {
    pub(super) fn of(
        view: &ViewState,
        vertex: &Vertex,
        tasks: &[&TaskView],
        rates: &MutexGuard<'_, Rates>,
    ) -> Self {
        let readings: Vec<TaskReading> = tasks.iter().map(|task| task.figures.read()).collect();
        let sum = |value: fn(&TaskReading) -> u64| readings.iter().map(value).sum::<u64>();
        let count = tasks.len().max(1) as f64;
        let of = |value: fn(&crate::dispatcher::rates::TaskRates) -> f64| {
            tasks
                .iter()
                .map(|task| value(&rates.of(task.id)))
                .sum::<f64>()
        };
        let edges = view.job.execution.edges.iter();
        let channels: u64 = edges
            .filter(|edge| edge.from == vertex.id)
            .map(|edge| u64::from(view.job.execution.vertices[edge.to.0 as usize].parallelism))
            .sum();
        let room = channels * CHANNEL_BUFFERS * tasks.len() as u64;
        Self {
            read_bytes: 0,
            read_bytes_complete: true,
            write_bytes: sum(|reading| reading.bytes_out),
            write_bytes_complete: true,
            read_records: sum(|reading| reading.records_in),
            read_records_complete: true,
            write_records: sum(|reading| reading.records_out),
            write_records_complete: true,
            accumulated_backpressured_time: sum(|reading| reading.back_pressured_ns) / 1_000_000,
            accumulated_idle_time: sum(|reading| reading.idle_ns) / 1_000_000,
            accumulated_busy_time: sum(|reading| reading.busy_ns) as f64 / 1e6,
            busy_ratio: of(|rates| rates.busy) / count,
            idle_ratio: of(|rates| rates.idle) / count,
            backpressured_ratio: of(|rates| rates.back_pressured) / count,
            records_in_per_second: of(|rates| rates.records_in),
            records_out_per_second: of(|rates| rates.records_out),
            watermark: watermark_of(&readings),
            queue_fill: if room == 0 {
                0.0
            } else {
                (sum(|reading| reading.buffers_queued) as f64 / room as f64).min(1.0)
            },
            state_bytes: sum(|reading| reading.state_bytes),
            state_entries: sum(|reading| reading.state_entries),
            timers: sum(|reading| reading.timers),
        }
    }
}

/// A subtask.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct Subtask {
    subtask: u32,
    status: &'static str,
    attempt: u32,
    host: &'static str,
    endpoint: &'static str,
    start_time: i64,
    end_time: i64,
    duration: i64,
    metrics: Metrics,
    #[serde(rename = "taskmanager-id")]
    task_manager: &'static str,
}

/// A chain with its subtasks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VertexDetails {
    id: String,
    name: String,
    parallelism: u32,
    #[serde(rename = "maxParallelism")]
    max_parallelism: u32,
    now: i64,
    subtasks: Vec<Subtask>,
}

impl VertexDetails {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn of(view: &ViewState, rates: &MutexGuard<'_, Rates>, vertex: &Vertex, now_ms: i64) -> Self {
        let subtask = |task: &TaskView| {
            let (start_time, end_time, duration) = span_of(&[task], now_ms);
            Subtask {
                subtask: task.id.subtask,
                status: task.status.name(),
                attempt: view.attempt,
                host: super::taskmanagers::ID,
                endpoint: super::taskmanagers::ID,
                start_time,
                end_time,
                duration,
                metrics: Metrics::of(view, vertex, &[task], rates),
                task_manager: super::taskmanagers::ID,
            }
        };
        let tasks = view.tasks.iter().filter(|task| task.id.vertex == vertex.id);
        Self {
            id: vertex.id.0.to_string(),
            name: vertex.name.clone(),
            parallelism: vertex.parallelism,
            max_parallelism: view.job.graph.max_parallelism,
            now: now_ms,
            subtasks: tasks.map(subtask).collect(),
        }
    }
}

/// Every chain of a job.
pub(super) fn all(active: &ActiveJob, now_ms: i64) -> Vec<VertexDetails> {
    let view = active.handle.view.lock().clone();
    let rates = active.rates();
    let vertices = view.job.execution.vertices.iter();
    vertices
        .map(|vertex| VertexDetails::of(&view, &rates, vertex, now_ms))
        .collect()
}

/// A chain of a job by the text in a path.
pub(super) fn find<'a>(view: &'a ViewState, text: &str) -> Result<&'a Vertex, ApiError> {
    let number = text.parse().ok().map(VertexId);
    let mut vertices = view.job.execution.vertices.iter();
    let found = vertices.find(|vertex| Some(vertex.id) == number);
    found.ok_or_else(|| ApiError::missing(format!("the job has no vertex \"{text}\"")))
}

/// A chain with its subtasks.
#[utoipa::path(get, path = "/jobs/{jid}/vertices/{vid}", tag = "vertices", params(("jid" = String, Path), ("vid" = String, Path)),
    responses((status = 200, body = VertexDetails), (status = 404, body = super::error::Errors)))]
pub(super) async fn details(
    State(api): State<Api>,
    Path((job, vertex)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    document(
        &api,
        &job,
        &format!("vertices/{vertex}"),
        |active, now_ms| {
            let view = active.handle.view.lock().clone();
            let vertex = find(&view, &vertex)?;
            Ok(VertexDetails::of(&view, &active.rates(), vertex, now_ms))
        },
    )
    .await
}

/// A metric by its name; without a value where only names were asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Metric {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// The watermark of every subtask.
#[utoipa::path(get, path = "/jobs/{jid}/vertices/{vid}/watermarks", tag = "vertices", params(("jid" = String, Path), ("vid" = String, Path)),
    responses((status = 200, body = Vec<Metric>), (status = 404, body = super::error::Errors)))]
pub(super) async fn watermarks(
    State(api): State<Api>,
    Path((job, vertex)): Path<(String, String)>,
) -> Result<Json<Vec<Metric>>, ApiError> {
    let active = api.dispatcher.active(super::documents::job_id(&job)?)?;
    let view = active.handle.view.lock().clone();
    let vertex = find(&view, &vertex)?.id;
    let tasks = view.tasks.iter().filter(|task| task.id.vertex == vertex);
    let known = tasks.filter_map(|task| {
        let value = task.figures.read().known_watermark()?.to_string();
        let id = format!("{}.currentInputWatermark", task.id.subtask);
        Some(Metric {
            id,
            value: Some(value),
        })
    });
    Ok(Json(known.collect()))
}

/// How much a subtask is held back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SubtaskBackPressure {
    subtask: u32,
    #[serde(rename = "attempt-number")]
    attempt: u32,
    backpressure_level: &'static str,
    ratio: f64,
    idle_ratio: f64,
    busy_ratio: f64,
}

/// How much a chain is held back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackPressure {
    status: &'static str,
    #[serde(rename = "backpressureLevel")]
    level: &'static str,
    #[serde(rename = "end-timestamp")]
    end_timestamp: i64,
    subtasks: Vec<SubtaskBackPressure>,
}

/// Flink's thresholds.
fn level(ratio: f64) -> &'static str {
    match ratio {
        ratio if ratio <= 0.1 => "ok",
        ratio if ratio <= 0.5 => "low",
        _ => "high",
    }
}

/// How much a chain is held back by what comes after it.
#[utoipa::path(get, path = "/jobs/{jid}/vertices/{vid}/backpressure", tag = "vertices", params(("jid" = String, Path), ("vid" = String, Path)),
    responses((status = 200, body = BackPressure), (status = 404, body = super::error::Errors)))]
pub(super) async fn back_pressure(
    State(api): State<Api>,
    Path((job, vertex)): Path<(String, String)>,
) -> Result<Json<BackPressure>, ApiError> {
    let active = api.dispatcher.active(super::documents::job_id(&job)?)?;
    let view = active.handle.view.lock().clone();
    let vertex = find(&view, &vertex)?.id;
    let rates = active.rates();
    let tasks = view.tasks.iter().filter(|task| task.id.vertex == vertex);
    let subtasks: Vec<SubtaskBackPressure> = tasks
        .map(|task| {
            let of = rates.of(task.id);
            SubtaskBackPressure {
                subtask: task.id.subtask,
                attempt: view.attempt,
                backpressure_level: level(of.back_pressured),
                ratio: of.back_pressured,
                idle_ratio: of.idle,
                busy_ratio: of.busy,
            }
        })
        .collect();
    let worst = subtasks.iter().map(|it| it.ratio).fold(0.0, f64::max);
    Ok(Json(BackPressure {
        status: "ok",
        level: level(worst),
        end_timestamp: api.dispatcher.clock.now_ms(),
        subtasks,
    }))
}

/// Which metrics are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(super) struct Wanted {
    /// Names with commas between them; all names are listed if it is absent.
    get: Option<String>,
}

/// The metrics of a chain, each as `subtask.name`.
#[utoipa::path(get, path = "/jobs/{jid}/vertices/{vid}/metrics", tag = "vertices", params(("jid" = String, Path), ("vid" = String, Path), Wanted),
    responses((status = 200, body = Vec<Metric>), (status = 404, body = super::error::Errors)))]
pub(super) async fn metrics(
    State(api): State<Api>,
    Path((job, vertex)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let active = api.dispatcher.active(super::documents::job_id(&job)?)?;
    let view = active.handle.view.lock().clone();
    let vertex = find(&view, &vertex)?.id;
    let rates = active.rates();
    let tasks = view.tasks.iter().filter(|task| task.id.vertex == vertex);
    let all = tasks.flat_map(|task| {
        let named = metrics_of(task, &rates).into_iter();
        named.map(|(name, value)| (format!("{}.{name}", task.id.subtask), value))
    });
    let Some(wanted) = wanted.get else {
        let names: Vec<Metric> = all.map(|(id, _)| Metric { id, value: None }).collect();
        return Ok(Json(names).into_response());
    };
    let wanted: Vec<&str> = wanted.split(',').collect();
    let metrics: Vec<Metric> = all
        .filter(|(id, _)| wanted.contains(&id.as_str()))
        .map(|(id, value)| Metric {
            id,
            value: Some(value.to_string()),
        })
        .collect();
    Ok(Json(metrics).into_response())
}

/// A metric over all subtasks.
#[derive(Debug, Serialize, ToSchema)]
struct AggregatedMetric {
    id: &'static str,
    min: f64,
    max: f64,
    avg: f64,
    sum: f64,
}

/// The metrics of a chain over its subtasks.
#[utoipa::path(get, path = "/jobs/{jid}/vertices/{vid}/subtasks/metrics", tag = "vertices", params(("jid" = String, Path), ("vid" = String, Path), Wanted),
    responses((status = 200, description = "The metrics with min, max, avg and sum"), (status = 404, body = super::error::Errors)))]
pub(super) async fn subtask_metrics(
    State(api): State<Api>,
    Path((job, vertex)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let active = api.dispatcher.active(super::documents::job_id(&job)?)?;
    let view = active.handle.view.lock().clone();
    let vertex = find(&view, &vertex)?.id;
    let rates = active.rates();
    let mut all: Vec<AggregatedMetric> = Vec::new();
    let mut tasks = 0.0;
    for task in view.tasks.iter().filter(|task| task.id.vertex == vertex) {
        tasks += 1.0;
        for (id, value) in metrics_of(task, &rates) {
            match all.iter_mut().find(|it| it.id == id) {
                Some(it) => {
                    (it.min, it.max) = (it.min.min(value), it.max.max(value));
                    it.sum += value;
                    it.avg = it.sum / tasks;
                }
                None => all.push(AggregatedMetric {
                    id,
                    min: value,
                    max: value,
                    avg: value,
                    sum: value,
                }),
            }
        }
    }
    let Some(wanted) = wanted.get else {
        let ids: Vec<_> = all
            .iter()
            .map(|it| serde_json::json!({ "id": it.id }))
            .collect();
        return Ok(Json(ids).into_response());
    };
    all.retain(|it| wanted.split(',').any(|wanted| wanted == it.id));
    Ok(Json(all).into_response())
}

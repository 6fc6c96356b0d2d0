//! `/jobs/:jid`, its plan and its configuration: the graph of a job with live figures.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::Response;
use dataflow::graph::execution::Vertex;
use dataflow::graph::logical::{OperatorKind, Partitioning};
use dataflow::ids::OperatorId;
use dataflow::job::status::JOB_STATUSES;
use dataflow::metric::MetricValue;
use runtime::task::figures::TaskReading;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Api;
use super::documents::{JobPath, document};
use super::error::ApiError;
use super::jobs::{TaskCounts, times};
use super::vertices::Metrics;
use crate::dispatcher::active_job::ActiveJob;
use crate::dispatcher::job_spec::JobRecord;
use crate::scheduler::job::Job;
use crate::scheduler::job_view::{TaskStatus, TaskView, ViewState};

/// A chain of a running job.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct VertexRow {
    id: String,
    name: String,
    parallelism: u32,
    #[serde(rename = "maxParallelism")]
    max_parallelism: u32,
    status: &'static str,
    start_time: i64,
    end_time: i64,
    duration: i64,
    tasks: TaskCounts,
    metrics: Metrics,
}

/// A job with its graph and live figures.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct JobDetails {
    jid: String,
    name: String,
    state: &'static str,
    #[serde(rename = "isStoppable")]
    is_stoppable: bool,
    start_time: i64,
    end_time: i64,
    duration: i64,
    #[serde(rename = "maxParallelism")]
    max_parallelism: u32,
    now: i64,
    timestamps: BTreeMap<&'static str, i64>,
    vertices: Vec<VertexRow>,
    #[schema(value_type = Object)]
    status_counts: Value,
    #[schema(value_type = Object)]
    plan: Value,
    restarts: u64,
    attempt: u32,
}

/// The state of a chain by those of its tasks: the worst, then the least advanced.
pub(super) fn status_of(tasks: &[&TaskView]) -> &'static str {
    let has = |status| tasks.iter().any(|task| task.status == status);
    let order = [
        TaskStatus::Failed,
        TaskStatus::Canceled,
        TaskStatus::Initializing,
        TaskStatus::Running,
        TaskStatus::Finished,
    ];
    let found = order.into_iter().find(|status| has(*status));
    found.map_or("CREATED", TaskStatus::name)
}

/// When tasks began, ended (-1 if not all have), and how long that took.
pub(super) fn span_of(tasks: &[&TaskView], now_ms: i64) -> (i64, i64, i64) {
    let Some(start) = tasks.iter().map(|task| task.started_ms).min() else {
        return (-1, -1, 0);
    };
    let ends: Option<Vec<i64>> = tasks.iter().map(|task| task.ended_ms).collect();
    let end = ends.and_then(|ends| ends.into_iter().max());
    (start, end.unwrap_or(-1), end.unwrap_or(now_ms) - start)
}

impl JobDetails {
    /// A job of this process.
    pub(super) fn of(active: &ActiveJob, now_ms: i64) -> Self {
        let record = &active.record;
        let view = active.handle.view.lock().clone();
        let rates = active.rates();
        let history = &view.history;
        let (start_time, end_time, duration) = times(history, record.submitted_ms, now_ms);
        let of_vertex = |vertex: &Vertex| {
            let tasks = view.tasks.iter().filter(|task| task.id.vertex == vertex.id);
            let tasks: Vec<&TaskView> = tasks.collect();
            let (start_time, end_time, duration) = span_of(&tasks, now_ms);
            VertexRow {
                id: vertex.id.0.to_string(),
                name: vertex.name.clone(),
                parallelism: vertex.parallelism,
                max_parallelism: view.job.graph.max_parallelism,
                status: status_of(&tasks),
                start_time,
                end_time,
                duration,
                tasks: TaskCounts::of(tasks.iter().copied()),
                metrics: Metrics::of(&view, vertex, &tasks, &rates),
            }
        };
        let since = |status: &dataflow::job::status::JobStatus| {
            (status.name(), history.since_ms(*status).unwrap_or(0))
        };
        Self {
            jid: record.id.to_string(),
            name: record.name.clone(),
            state: history.status().name(),
            is_stoppable: !history.status().is_terminal(),
            start_time,
            end_time,
            duration,
            max_parallelism: view.job.graph.max_parallelism,
            now: now_ms,
            timestamps: JOB_STATUSES.iter().map(since).collect(),
            vertices: view.job.execution.vertices.iter().map(of_vertex).collect(),
            status_counts: TaskCounts::of(view.tasks.iter()).by_status(),
            plan: plan(&record.id.to_string(), &view.job, Some(&view)),
            restarts: view.restarts,
            attempt: view.attempt,
        }
    }

    /// A job that could not be taken up again.
    pub(super) fn lost(record: &JobRecord, now_ms: i64) -> Self {
        Self {
            jid: record.id.to_string(),
            name: record.name.clone(),
            state: "FAILED",
            is_stoppable: false,
            start_time: record.submitted_ms,
            end_time: now_ms,
            duration: now_ms - record.submitted_ms,
            max_parallelism: 0,
            now: now_ms,
            timestamps: BTreeMap::from([("CREATED", record.submitted_ms), ("FAILED", now_ms)]),
            vertices: Vec::new(),
            status_counts: TaskCounts::default().by_status(),
            plan: json!({ "jid": record.id.to_string(), "name": record.name, "type": "STREAMING", "nodes": [] }),
            restarts: 0,
            attempt: 0,
        }
    }
}

/// How an edge distributes, in Flink's words.
fn ship_strategy(partitioning: Partitioning) -> &'static str {
    match partitioning {
        Partitioning::Forward => "FORWARD",
        Partitioning::Hash => "HASH",
        Partitioning::Rebalance => "REBALANCE",
        Partitioning::Broadcast => "BROADCAST",
    }
}

/// The counter `numLateRecordsDropped` of every operator.
fn late_dropped(view: &ViewState) -> BTreeMap<OperatorId, u64> {
    let mut late = BTreeMap::new();
    for task in &view.tasks {
        for (operator, name, value) in task.figures.metrics() {
            if let (MetricValue::Counter(count), "numLateRecordsDropped") = (value, name.as_str()) {
                *late.entry(operator).or_default() += count;
            }
        }
    }
    late
}

/// The graph of a job, in Flink's shape, with the operators of every chain.
pub(super) fn plan(id: &str, job: &Job, view: Option<&ViewState>) -> Value {
    let late = view.map(late_dropped).unwrap_or_default();
    let nodes = job.execution.vertices.iter().map(|vertex| {
        let inputs = job
            .execution
            .edges
            .iter()
            .filter(|edge| edge.to == vertex.id);
        let inputs: Vec<Value> = inputs
            .map(|edge| {
                json!({
                    "num": edge.input,
                    "id": edge.from.0.to_string(),
                    "ship_strategy": ship_strategy(edge.partitioning),
                    "exchange": "pipelined_bounded",
                    "name": edge.name,
                })
            })
            .collect();
        let component = job.component_of(vertex).map(|it| &it.name);
        json!({
            "id": vertex.id.0.to_string(),
            "parallelism": vertex.parallelism,
            "operator": "",
            "operator_strategy": "",
            "description": vertex.name,
            "inputs": inputs,
            "component": component,
            "operators": operators(job, vertex, &late),
        })
    });
    json!({
        "jid": id,
        "name": job.graph.name,
        "type": "STREAMING",
        "nodes": nodes.collect::<Vec<_>>(),
    })
}

fn operators(job: &Job, vertex: &Vertex, late: &BTreeMap<OperatorId, u64>) -> Vec<Value> {
    let members = vertex.operators.iter();
    let members = members.filter_map(|id| job.graph.operator(*id));
    let operator = |operator: &dataflow::graph::logical::Operator| {
        let (kind, connector, states) = match &operator.kind {
            OperatorKind::Source(connector) => ("source", Some(connector), Vec::new()),
            OperatorKind::Sink(connector) => ("sink", Some(connector), Vec::new()),
            OperatorKind::Logic {
                states,
                operator_states,
                ..
            } => {
                let keyed = states.iter().map(|state| state.name.clone());
                let own = operator_states.iter().map(|state| state.name.clone());
                ("operator", None, keyed.chain(own).collect())
            }
        };
        let connector = connector.and_then(|it| serde_json::from_str::<Value>(&it.0).ok());
        let connector = connector.and_then(|it| it.get("type").cloned());
        let schema = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
        let outputs = operator.outputs.iter().map(|output| {
            json!({
                "name": output.name,
                "schema": schema(&output.schema),
                "key-schema": output.key_schema.as_deref().map(schema),
            })
        });
        let from = job.graph.edges_into(operator.id);
        let from: Vec<String> = from.map(|edge| job.uid(edge.from)).collect();
        json!({
            "id": operator.id.0,
            "uid": operator.uid,
            "name": operator.name,
            "kind": kind,
            "connector": connector,
            "inputs": from,
            "outputs": outputs.collect::<Vec<_>>(),
            "states": states,
            "late-dropped": late.get(&operator.id).copied().unwrap_or(0),
        })
    };
    members.map(operator).collect()
}

/// The body of `/jobs/:jid/plan`.
pub(super) fn plan_of(active: &ActiveJob) -> Value {
    let view = active.handle.view.lock().clone();
    json!({ "plan": plan(&active.record.id.to_string(), &view.job, Some(&view)) })
}

/// What a job was submitted with.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobConfig {
    jid: String,
    name: String,
    #[serde(rename = "execution-config")]
    #[schema(value_type = Object)]
    execution: Value,
    #[schema(value_type = Object)]
    parameters: BTreeMap<String, String>,
    #[schema(value_type = Object)]
    settings: BTreeMap<String, String>,
    #[schema(value_type = Object)]
    grants: BTreeMap<String, String>,
    components: Vec<String>,
}

impl JobConfig {
    pub(super) fn of(active: &ActiveJob) -> Self {
        let (record, config) = (&active.record, &active.config);
        let map = |pairs: &[(String, String)]| pairs.iter().cloned().collect();
        let parameters: BTreeMap<String, String> = map(&record.spec.parameters);
        let own = active.handle.view.lock().job.restart_strategy;
        Self {
            jid: record.id.to_string(),
            name: record.name.clone(),
            execution: json!({
                "execution-mode": "PIPELINED",
                "restart-strategy": format!("{:?}", own.unwrap_or(config.restart_strategy)),
                "job-parallelism": config.parallelism,
                "object-reuse-mode": true,
                "user-config": parameters,
            }),
            parameters,
            settings: map(&record.spec.settings),
            grants: map(&record.spec.grants),
            components: record.components.clone(),
        }
    }
}

/// A job with its graph and live figures.
#[utoipa::path(get, path = "/jobs/{jid}", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, body = JobDetails), (status = 404, body = super::error::Errors)))]
pub(super) async fn details(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Response, ApiError> {
    document(&api, &job, "", |active, now_ms| {
        Ok(JobDetails::of(active, now_ms))
    })
    .await
}

/// The graph of a job.
#[utoipa::path(get, path = "/jobs/{jid}/plan", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, description = "The graph"), (status = 404, body = super::error::Errors)))]
pub(super) async fn job_plan(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Response, ApiError> {
    document(&api, &job, "plan", |active, _| Ok(plan_of(active))).await
}

/// What a job was submitted with.
#[utoipa::path(get, path = "/jobs/{jid}/config", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, body = JobConfig), (status = 404, body = super::error::Errors)))]
pub(super) async fn job_config(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Response, ApiError> {
    document(&api, &job, "config", |active, _| Ok(JobConfig::of(active))).await
}

/// The lowest watermark of tasks, if all of them know one.
pub(super) fn watermark_of(readings: &[TaskReading]) -> Option<i64> {
    let known: Option<Vec<i64>> = readings.iter().map(TaskReading::known_watermark).collect();
    known.and_then(|known| known.into_iter().min())
}

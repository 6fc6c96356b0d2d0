//! `/jobs/:jid/limits`: what each operator of a component may use, and what its fullest subtask uses now.
//!
//! The operators of a chain share one instance, so they share its use. What one call may use (time, output) is measured
//! only against its limit, and has no use to show.

use axum::extract::{Path, State};
use axum::response::Response;
use dataflow::graph::execution::Vertex;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::documents::{JobPath, document};
use super::error::ApiError;
use crate::config::GuestConfig;
use crate::dispatcher::active_job::ActiveJob;

/// A limit by the key of its configuration.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Limit {
    name: &'static str,
    limit: u64,
    /// Of the subtask that uses the most.
    used: Option<u64>,
    /// `bytes`, `ms`, or nothing for a count.
    unit: &'static str,
}

/// The limits of an operator.
#[derive(Debug, Serialize, ToSchema)]
struct OperatorLimits {
    uid: String,
    limits: Vec<Limit>,
}

/// The limits of a job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Limits {
    operators: Vec<OperatorLimits>,
}

/// The most that subtasks of a chain use.
#[derive(Default)]
struct Use {
    memory_bytes: u64,
    state_bytes: u64,
    timers: u64,
}

impl Limits {
    pub(super) fn of(active: &ActiveJob) -> Self {
        let view = active.handle.view.lock().clone();
        let vertices = view.job.execution.vertices.iter();
        let guests = vertices.filter(|vertex| vertex.component.is_some());
        let operators = guests.flat_map(|vertex| {
            let mut most = Use::default();
            for task in view.tasks.iter().filter(|task| task.id.vertex == vertex.id) {
                let reading = task.figures.read();
                most.memory_bytes = most.memory_bytes.max(reading.guest_memory_bytes);
                most.state_bytes = most.state_bytes.max(reading.state_bytes);
                most.timers = most.timers.max(reading.timers);
            }
            let limits = limits(vertex, &active.config.guest, &most);
            let named = vertex
                .operators
                .iter()
                .map(move |operator| (*operator, limits.clone()));
            named.collect::<Vec<_>>()
        });
        let operators = operators.map(|(operator, limits)| OperatorLimits {
            uid: view.job.uid(operator),
            limits,
        });
        Self {
            operators: operators.collect(),
        }
    }
}

fn limits(vertex: &Vertex, config: &GuestConfig, most: &Use) -> Vec<Limit> {
    let own = &vertex.guest;
    let timeout_ms = u64::try_from(config.call_timeout.as_millis()).unwrap_or(u64::MAX);
    let lines = own
        .log_lines_per_second
        .unwrap_or(config.log_lines_per_second);
    let limit = |name, limit, used, unit| Limit {
        name,
        limit,
        used,
        unit,
    };
    let memory = own.memory_bytes.unwrap_or(config.memory_bytes);
    let state = own.state_bytes.unwrap_or(config.state_bytes);
    let timers = own.timers.unwrap_or(config.timers);
    let timeout = own.call_timeout_ms.unwrap_or(timeout_ms);
    let output = own.output_bytes.unwrap_or(config.output_bytes);
    vec![
        limit("guest.memory", memory, Some(most.memory_bytes), "bytes"),
        limit("guest.state", state, Some(most.state_bytes), "bytes"),
        limit("guest.timers", timers, Some(most.timers), ""),
        limit("guest.call-timeout", timeout, None, "ms"),
        limit("guest.output", output, None, "bytes"),
        limit("guest.log-lines", lines.into(), None, ""),
    ]
}

/// What operators of components may use, and use.
#[utoipa::path(get, path = "/jobs/{jid}/limits", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, body = Limits), (status = 404, body = super::error::Errors)))]
pub(super) async fn job_limits(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Response, ApiError> {
    document(&api, &job, "limits", |active, _| Ok(Limits::of(active))).await
}

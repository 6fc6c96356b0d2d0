//! `/jobs/:jid/savepoints`, `/stop`, `/rescaling`, `/swap`: operations that take their time. A request begins one and is
//! answered with its id; another one asks what came of it, as Flink has it, and may wait for it.

use std::path::PathBuf;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::documents::{JobPath, job_id};
use super::error::ApiError;
use super::json::{Body, Query};
use crate::scheduler::order::Afterwards;
use crate::scheduler::parallelism::Chosen;

/// How long an answer may wait for the end of an operation.
const WAIT_MS_MAX: u64 = 30_000;

/// The id of an operation that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Begun {
    #[serde(rename = "request-id")]
    pub(super) request: String,
}

type Accepted = (StatusCode, Json<Begun>);

fn begun(request: String) -> Accepted {
    (StatusCode::ACCEPTED, Json(Begun { request }))
}

/// A savepoint.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SavepointRequest {
    /// The directory in which it gets one of its own; `state.savepoints.dir` if it is absent.
    target_directory: Option<String>,
    /// Whether the job ends with it.
    cancel_job: bool,
    /// Flink's names for formats; there is one, which is `CANONICAL`.
    format_type: Option<String>,
    /// The id of the operation, 32 hexadecimal digits: asked for twice under one id, it begins once.
    trigger_id: Option<String>,
}

/// A savepoint that a job ends with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct StopRequest {
    /// The directory in which it gets one of its own; `state.savepoints.dir` if it is absent.
    target_directory: Option<String>,
    /// Whether the sources end first, so that windows and timers fire.
    drain: bool,
    /// Flink's names for formats; there is one, which is `CANONICAL`.
    format_type: Option<String>,
    /// The id of the operation, 32 hexadecimal digits: asked for twice under one id, it begins once.
    trigger_id: Option<String>,
}

fn begin_savepoint(
    api: &Api,
    job: &str,
    then: Afterwards,
    target: Option<String>,
    format: Option<String>,
    trigger: Option<String>,
) -> Result<Accepted, ApiError> {
    if let Some(other) = format.filter(|it| it != "CANONICAL") {
        return Err(ApiError::bad(format!(
            "format \"{other}\": savepoints have one format, CANONICAL"
        )));
    }
    let target = target.map(PathBuf::from);
    let request = api
        .dispatcher
        .savepoint(job_id(job)?, target, then, trigger)?;
    Ok(begun(request))
}

/// Takes a savepoint.
#[utoipa::path(post, path = "/jobs/{jid}/savepoints", tag = "savepoints", params(("jid" = String, Path)),
    request_body = SavepointRequest,
    responses((status = 202, body = Begun), (status = 404, body = super::error::Errors), (status = 409, body = super::error::Errors)))]
pub(super) async fn savepoint(
    State(api): State<Api>,
    Path(job): JobPath,
    request: Option<Body<SavepointRequest>>,
) -> Result<Accepted, ApiError> {
    let request = request.map(|body| body.0).unwrap_or_default();
    let then = if request.cancel_job {
        Afterwards::Stop
    } else {
        Afterwards::Resume
    };
    let (target, format) = (request.target_directory, request.format_type);
    begin_savepoint(&api, &job, then, target, format, request.trigger_id)
}

/// Ends a job with a savepoint.
#[utoipa::path(post, path = "/jobs/{jid}/stop", tag = "savepoints", params(("jid" = String, Path)),
    request_body = StopRequest,
    responses((status = 202, body = Begun), (status = 404, body = super::error::Errors), (status = 409, body = super::error::Errors)))]
pub(super) async fn stop(
    State(api): State<Api>,
    Path(job): JobPath,
    request: Option<Body<StopRequest>>,
) -> Result<Accepted, ApiError> {
    let request = request.map(|body| body.0).unwrap_or_default();
    let then = if request.drain {
        Afterwards::Drain
    } else {
        Afterwards::Stop
    };
    let (target, format) = (request.target_directory, request.format_type);
    begin_savepoint(&api, &job, then, target, format, request.trigger_id)
}

/// Another parallelism.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Rescaling {
    /// Subtasks of operators that do not say otherwise.
    parallelism: u32,
}

/// Gives a running job another parallelism.
#[utoipa::path(patch, path = "/jobs/{jid}/rescaling", tag = "jobs", params(("jid" = String, Path), Rescaling),
    responses((status = 202, body = Begun), (status = 404, body = super::error::Errors), (status = 409, body = super::error::Errors)))]
pub(super) async fn rescale(
    State(api): State<Api>,
    Path(job): JobPath,
    Query(wanted): Query<Rescaling>,
) -> Result<Accepted, ApiError> {
    let parallelism = wanted.parallelism;
    Ok(begun(api.dispatcher.rescale(
        job_id(&job)?,
        parallelism,
        Chosen::new(),
    )?))
}

/// Another component.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SwapRequest {
    /// Uid of an operator that runs in the component to be swapped.
    operator: String,
    /// Id or name of the uploaded component that takes its place.
    component: String,
}

/// Swaps a component of a running job.
#[utoipa::path(post, path = "/jobs/{jid}/swap", tag = "jobs", params(("jid" = String, Path)), request_body = SwapRequest,
    responses((status = 202, body = Begun), (status = 404, body = super::error::Errors), (status = 409, body = super::error::Errors)))]
pub(super) async fn swap(
    State(api): State<Api>,
    Path(job): JobPath,
    Body(wanted): Body<SwapRequest>,
) -> Result<Accepted, ApiError> {
    let SwapRequest {
        operator,
        component,
    } = wanted;
    Ok(begun(api.dispatcher.swap(
        job_id(&job)?,
        operator,
        component,
    )?))
}

/// How long to wait.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Waiting {
    /// Milliseconds that the answer may wait for the end of the operation; 0 if it is absent, at most 30,000.
    wait_ms: Option<u64>,
}

/// What came of an operation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Operation {
    /// `{"id": "IN_PROGRESS"}` or `{"id": "COMPLETED"}`.
    #[schema(value_type = Object)]
    status: Value,
    /// What it gave, such as `location`; or `failure-cause`.
    #[schema(value_type = Object)]
    #[serde(skip_serializing_if = "Value::is_null")]
    operation: Value,
}

/// What came of an operation. The paths of all operations are the same.
#[utoipa::path(get, path = "/jobs/{jid}/savepoints/{request}", tag = "savepoints",
    params(("jid" = String, Path), ("request" = String, Path), Waiting),
    responses((status = 200, body = Operation), (status = 404, body = super::error::Errors)))]
pub(super) async fn outcome(
    State(api): State<Api>,
    Path((job, request)): Path<(String, String)>,
    Query(waiting): Query<Waiting>,
) -> Result<Json<Operation>, ApiError> {
    let wait = Duration::from_millis(waiting.wait_ms.unwrap_or(0).min(WAIT_MS_MAX));
    let operations = &api.dispatcher.operations;
    let outcome = operations.outcome(job_id(&job)?, &request, wait).await?;
    let (status, operation) = match outcome {
        None => ("IN_PROGRESS", Value::Null),
        Some(Ok(given)) => ("COMPLETED", given),
        Some(Err(reason)) => {
            let cause = json!({ "class": "OperationFailed", "stack-trace": reason });
            ("COMPLETED", json!({ "failure-cause": cause }))
        }
    };
    Ok(Json(Operation {
        status: json!({ "id": status }),
        operation,
    }))
}

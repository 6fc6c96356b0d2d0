//! `/jobs/:jid/dead-letters`: the records that a job could not process, with the errors; to be looked at, taken away,
//! replayed and discarded.

use axum::Json;
use axum::body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::documents::{JobPath, job_id};
use super::error::ApiError;
use super::json::{Body, Query};
use super::operations::Begun;

/// Letters of one answer, at most.
const LIMIT_MAX: usize = 1000;

/// How many are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(super) struct Wanted {
    /// So many; 100 if it is absent.
    limit: Option<usize>,
}

/// Dead letters as they were published.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetters {
    #[schema(value_type = Vec<Object>)]
    entries: Vec<Value>,
}

/// The records that a job could not process.
#[utoipa::path(get, path = "/jobs/{jid}/dead-letters", tag = "jobs", params(("jid" = String, Path), Wanted),
    responses((status = 200, body = DeadLetters), (status = 404, body = super::error::Errors)))]
pub(super) async fn dead_letters(
    State(api): State<Api>,
    Path(job): JobPath,
    Query(wanted): Query<Wanted>,
) -> Result<Json<DeadLetters>, ApiError> {
    let limit = wanted.limit.unwrap_or(100).min(LIMIT_MAX);
    let entries = api.dispatcher.dead_letters(job_id(&job)?, limit).await?;
    Ok(Json(DeadLetters { entries }))
}

/// What was discarded.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Discarded {
    discarded: u64,
}

/// All records that the job could not process, as JSON lines.
#[utoipa::path(get, path = "/jobs/{jid}/dead-letters/download", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, content_type = "application/x-ndjson", body = String), (status = 404, body = super::error::Errors)))]
pub(super) async fn download(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Response, ApiError> {
    // In pieces: there may be more of them than memory.
    let pieces = api.dispatcher.dead_letter_lines(job_id(&job)?)?;
    let pieces = ReceiverStream::new(pieces);
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"dead-letters-{job}.jsonl\""),
        ),
    ];
    Ok((headers, body::Body::from_stream(pieces)).into_response())
}

/// Which letters are replayed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ReplayRequest {
    /// Uid of an operator: those of the chain it runs in. All of the job if it is absent.
    operator: Option<String>,
}

/// Has the running job process the dead letters that it has now once more, as if they arrived now.
#[utoipa::path(post, path = "/jobs/{jid}/dead-letters/replay", tag = "jobs", params(("jid" = String, Path)),
    request_body = ReplayRequest,
    responses((status = 202, body = Begun), (status = 404, body = super::error::Errors), (status = 409, body = super::error::Errors), (status = 422, body = super::error::Errors)))]
pub(super) async fn replay(
    State(api): State<Api>,
    Path(job): JobPath,
    request: Option<Body<ReplayRequest>>,
) -> Result<(StatusCode, Json<Begun>), ApiError> {
    let operator = request.and_then(|body| body.0.operator);
    let request = api.dispatcher.replay(job_id(&job)?, operator)?;
    Ok((StatusCode::ACCEPTED, Json(Begun { request })))
}

/// Discards the records that the job could not process. How many a job may have counts those, too.
#[utoipa::path(delete, path = "/jobs/{jid}/dead-letters", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, body = Discarded), (status = 404, body = super::error::Errors)))]
pub(super) async fn discard(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Json<Discarded>, ApiError> {
    let discarded = api.dispatcher.discard_dead_letters(job_id(&job)?).await?;
    Ok(Json(Discarded { discarded }))
}

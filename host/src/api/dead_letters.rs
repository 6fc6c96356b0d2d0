//! `/jobs/:jid/dead-letters`: the records that a job could not process, with the errors; to be looked at, taken away, and
//! discarded.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::fs::File;
use tokio_util::io::ReaderStream;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::documents::{JobPath, job_id};
use super::error::ApiError;
use super::json::Query;

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
    let files = api.dispatcher.dead_letter_files(job_id(&job)?).await?;
    // One file after the other, in pieces: there may be more of them than memory.
    let opened = futures_util::stream::iter(files).then(File::open);
    let pieces = opened.map_ok(ReaderStream::new).try_flatten();
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"dead-letters-{job}.jsonl\""),
        ),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
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

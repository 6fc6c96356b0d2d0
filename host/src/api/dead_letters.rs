//! `/jobs/:jid/dead-letters`: the records that a job could not process, with the errors.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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

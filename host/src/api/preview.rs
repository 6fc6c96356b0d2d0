//! `/components/:id/preview`: what a job would give, without writing anything.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Api;
use super::components::{RunRequest, of_component};
use super::error::ApiError;
use super::json::Body;

/// Records of a sink unless the request says otherwise, and at most.
const RECORDS_DEFAULT: usize = 100;
const RECORDS_MAX: usize = 1000;

/// The first records of every sink.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Preview {
    #[schema(value_type = Object)]
    sinks: BTreeMap<String, Vec<Value>>,
    /// Whether the input came to its end; otherwise there may be more.
    complete: bool,
}

/// Runs a component's job in memory and returns the first records of every sink; input that does not end is read until
/// every sink has them, or for ten seconds.
#[utoipa::path(post, path = "/components/{id}/preview", tag = "components", params(("id" = String, Path)), request_body = RunRequest,
    responses((status = 200, body = Preview), (status = 400, body = super::error::Errors), (status = 404, body = super::error::Errors)))]
pub(super) async fn preview(
    State(api): State<Api>,
    Path(id): Path<String>,
    body: Option<Body<RunRequest>>,
) -> Result<Json<Preview>, ApiError> {
    let request = body.map(|Body(request)| request).unwrap_or_default();
    let records = request.records.unwrap_or(RECORDS_DEFAULT).min(RECORDS_MAX);
    let spec = request.spec(of_component(&api, &id).await?)?;
    let previewed = api.dispatcher.preview(spec, records).await?;
    Ok(Json(Preview {
        sinks: previewed.sinks,
        complete: previewed.is_complete,
    }))
}

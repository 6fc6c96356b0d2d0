//! `/job-files`: jobs written as YAML that name uploaded components by digest or name. The body is the text itself, or
//! JSON with the text in `yaml` beside what a run of a component takes.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use serde_json::Value;

use super::Api;
use super::components::{Accepted, RunRequest, submitted, validated};
use super::error::ApiError;
use super::json::Body;
use crate::dispatcher::job_spec::{JobSource, JobSpec};

async fn wish(api: &Api, request: Request) -> Result<JobSpec, ApiError> {
    use axum::extract::FromRequest;
    let kind = request.headers().get(header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let (mut wish, yaml) = if is_json {
        let Body(mut wish) = Body::<RunRequest>::from_request(request, api).await?;
        let yaml = wish.yaml.take();
        (wish, yaml)
    } else {
        let text = String::from_request(request, api).await;
        let text = text.map_err(|error| ApiError::new(error.status(), error.body_text()))?;
        (RunRequest::default(), Some(text))
    };
    wish.records = None;
    let yaml = yaml.ok_or_else(|| ApiError::bad("give the job file in `yaml`"))?;
    wish.spec(JobSource::JobFile { yaml })
}

/// Runs a job file.
#[utoipa::path(post, path = "/job-files/run", tag = "job files",
    responses((status = 200, body = Accepted), (status = 400, body = super::error::Errors), (status = 429, body = super::error::Errors)))]
pub(super) async fn run(
    State(api): State<Api>,
    request: Request,
) -> Result<Json<Accepted>, ApiError> {
    let spec = wish(&api, request).await?;
    submitted(&api, spec).await
}

/// Whether a job file could run.
#[utoipa::path(post, path = "/job-files/validate", tag = "job files",
    responses((status = 200, description = "valid, errors, warnings, plan")))]
pub(super) async fn validate(
    State(api): State<Api>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let spec = wish(&api, request).await?;
    Ok(validated(&api, spec).await)
}

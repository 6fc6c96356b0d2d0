//! `/components` (also `/jars`): uploaded components; inspect, plan, validate, run and delete them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::multipart::MultipartError;
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Api;
use super::error::ApiError;
use super::job::plan;
use super::json::Body;
use crate::commands;
use crate::dispatcher::active_job::ActiveJob;
use crate::dispatcher::component_store::{Chunk, StoredComponent};
use crate::dispatcher::job_spec::{JobSource, JobSpec};
use crate::dispatcher::{DispatchError, Dispatcher};
use crate::savepoint::fit::StateFit;

/// How a job is to run.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RunRequest {
    /// Of no meaning: a component builds one job.
    entry_class: Option<String>,
    /// Of no meaning.
    job_id: Option<String>,
    /// Subtasks of operators that do not say otherwise.
    parallelism: Option<u32>,
    /// Parameters as arguments: `--key`, `value`.
    program_args_list: Vec<String>,
    /// Parameters.
    #[schema(value_type = Object)]
    parameters: BTreeMap<String, Value>,
    /// Configuration of the job.
    #[schema(value_type = Object)]
    settings: BTreeMap<String, Value>,
    /// Directories: `files` or `files:UID`.
    #[schema(value_type = Object)]
    grants: BTreeMap<String, String>,
    /// Files that operators read by name.
    #[schema(value_type = Object)]
    cached_files: BTreeMap<String, String>,
    /// A savepoint, or the folder of a job's checkpoints, to begin from.
    savepoint_path: Option<String>,
    /// Whether state of operators that the job does not have is dropped; otherwise it is an error.
    allow_non_restored_state: Option<bool>,
    /// `latest`, or the same as `savepointPath`.
    restore: Option<String>,
    /// Of a preview: records that each sink gives, at most.
    pub(super) records: Option<usize>,
    /// Of a job file: its text.
    pub(super) yaml: Option<String>,
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

impl RunRequest {
    /// The wish it stands for.
    pub(super) fn spec(self, source: JobSource) -> Result<JobSpec, ApiError> {
        let texts = |map: BTreeMap<String, Value>| map.into_iter().map(|(k, v)| (k, text(v)));
        let mut parameters: Vec<(String, String)> = texts(self.parameters).collect();
        let mut args = self.program_args_list.into_iter();
        while let Some(key) = args.next() {
            let name = key.strip_prefix("--").filter(|name| !name.is_empty());
            match (name, args.next()) {
                (Some(name), Some(value)) => parameters.push((name.to_owned(), value)),
                _ => {
                    let reason =
                        format!("programArgsList: \"{key}\" is not --key followed by a value");
                    return Err(ApiError::bad(reason));
                }
            }
        }
        if self.savepoint_path.is_some() && self.restore.is_some() {
            return Err(ApiError::bad("give savepointPath or restore, not both"));
        }
        Ok(JobSpec {
            source,
            parameters,
            settings: texts(self.settings).collect(),
            grants: self.grants.into_iter().collect(),
            cached_files: self.cached_files.into_iter().collect(),
            parallelism: self.parallelism,
            chosen: Default::default(),
            restore: self.restore.or(self.savepoint_path),
            allow_non_restored: self.allow_non_restored_state.unwrap_or(false),
            swapped: BTreeMap::new(),
        })
    }
}

/// An uploaded component.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ComponentRow {
    id: String,
    name: String,
    uploaded: i64,
    size: u64,
    #[schema(value_type = Vec<Object>)]
    entry: Vec<Value>,
    digest: String,
    compile_ms: u64,
    languages: Vec<String>,
}

impl From<StoredComponent> for ComponentRow {
    fn from(it: StoredComponent) -> Self {
        Self {
            id: it.digest.clone(),
            name: it.label,
            uploaded: it.uploaded_ms,
            size: it.bytes,
            entry: vec![
                json!({ "name": it.job, "description": null, "parameters": it.parameters }),
            ],
            digest: it.digest,
            compile_ms: it.compile_ms,
            languages: vec![it.language],
        }
    }
}

/// The uploaded components.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Components {
    address: String,
    files: Vec<ComponentRow>,
}

/// An upload that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Uploaded {
    filename: String,
    status: &'static str,
    id: String,
    digest: String,
}

/// The uploaded components, the newest first.
#[utoipa::path(get, path = "/components", tag = "components", responses((status = 200, body = Components)))]
pub(super) async fn list(State(api): State<Api>) -> Result<Json<Components>, ApiError> {
    let store = api.dispatcher.components.as_ref();
    let listed = store.map(|store| store.list()).transpose()?;
    Ok(Json(Components {
        address: String::new(),
        files: listed
            .unwrap_or_default()
            .into_iter()
            .map(Into::into)
            .collect(),
    }))
}

fn broken(error: &MultipartError) -> ApiError {
    ApiError::new(error.status(), format!("upload: {}", error.body_text()))
}

/// Takes the first file of a form, streaming.
pub(super) async fn receive(api: &Api, form: &mut Multipart) -> Result<StoredComponent, ApiError> {
    loop {
        let field = form.next_field().await.map_err(|error| broken(&error))?;
        let Some(mut field) = field else {
            let reason = "upload: the form has no file; send one in the field `file`";
            return Err(ApiError::bad(reason));
        };
        let Some(name) = field.file_name().map(str::to_owned) else {
            continue;
        };
        let (sender, receiver) = Dispatcher::upload_channel();
        let pump = async move {
            while let Some(bytes) = field.chunk().await.map_err(|error| broken(&error))? {
                if sender.send(Chunk::Bytes(bytes)).await.is_err() {
                    // Refused already; the reason is the upload's own.
                    return Ok(());
                }
            }
            let _ = sender.send(Chunk::End).await;
            Ok::<(), ApiError>(())
        };
        let (stored, pumped) = tokio::join!(api.dispatcher.upload(&name, receiver), pump);
        pumped?;
        return Ok(stored?);
    }
}

/// Uploads a component: a form with a file in the field `file` (or `jarfile`).
#[utoipa::path(post, path = "/components/upload", tag = "components",
    responses((status = 200, body = Uploaded), (status = 400, body = super::error::Errors), (status = 413, body = super::error::Errors)))]
pub(super) async fn upload(
    State(api): State<Api>,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Json<Uploaded>, ApiError> {
    let mut form = form
        .map_err(|error| ApiError::new(error.status(), format!("upload: {}", error.body_text())))?;
    let stored = receive(&api, &mut form).await?;
    Ok(Json(Uploaded {
        filename: stored.label,
        status: "success",
        id: stored.digest.clone(),
        digest: stored.digest,
    }))
}

/// What is in a component, and the jobs that use it.
#[utoipa::path(get, path = "/components/{id}", tag = "components", params(("id" = String, Path)),
    responses((status = 200, description = "What `wasmill inspect --json` says, and `jobs`"), (status = 404, body = super::error::Errors)))]
pub(super) async fn inspect(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (stored, component) = api.dispatcher.load(id).await?;
    let described = tokio::task::spawn_blocking(move || {
        commands::inspect::document(&stored.label, &component)
            .map_err(|error| ApiError::bad(crate::one_line(&error)))
    });
    let mut document = described
        .await
        .map_err(|panic| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, panic.to_string()))??;
    let digest = document["digest"].as_str().unwrap_or_default();
    let jobs = api.dispatcher.active_jobs().into_iter();
    let uses = |job: &Arc<ActiveJob>| {
        let digests = job.handle.view.lock().job.digests();
        digests.iter().any(|it| it == digest)
    };
    let jobs: Vec<Value> = jobs
        .filter(uses)
        .map(|job| json!({ "jid": job.record.id.to_string(), "name": job.record.name, "state": job.handle.view.status().name() }))
        .collect();
    document["jobs"] = json!(jobs);
    Ok(Json(document))
}

/// The uploaded component of an id or name, as the source of a job.
pub(super) async fn of_component(api: &Api, id: &str) -> Result<JobSource, ApiError> {
    let store = api.dispatcher.components.as_ref();
    let store = store.ok_or(DispatchError::NoSubmissions)?;
    let digest = store.find(id)?.digest;
    Ok(JobSource::Component { digest })
}

/// What is wrong with a wish, if anything, its graph, and how the state it is to begin from fits it.
pub(super) async fn validated(api: &Api, spec: JobSpec) -> Json<Value> {
    let (restore, allow_non_restored) = (spec.restore.clone(), spec.allow_non_restored);
    let checked = async {
        let prepared = api.dispatcher.prepare(spec, false).await?;
        let fit = api.dispatcher.fit(restore.as_deref(), &prepared).await?;
        Ok::<_, ApiError>((plan("", &prepared.job, None), fit))
    };
    let (plan, fit) = match checked.await {
        Ok(checked) => checked,
        Err(error) => {
            return Json(json!({
                "valid": false, "errors": [error.reason()], "warnings": [], "plan": null,
            }));
        }
    };
    let Some(fit) = fit else {
        return Json(json!({ "valid": true, "errors": [], "warnings": [], "plan": plan }));
    };
    let errors = fit.reasons(allow_non_restored);
    let dropped = |it: &StateFit| {
        let (state, operator) = (&it.state, &it.operator);
        format!("state \"{state}\" of operator \"{operator}\" is left out: the job has it no more")
    };
    let warnings: Vec<String> = fit.dropped().map(dropped).collect();
    let state = fit.document(&errors);
    Json(json!({
        "valid": errors.is_empty(), "errors": errors, "warnings": warnings, "plan": plan,
        "state": state,
    }))
}

/// The graph of a component's job.
#[utoipa::path(post, path = "/components/{id}/plan", tag = "components", params(("id" = String, Path)), request_body = RunRequest,
    responses((status = 200, description = "The graph"), (status = 400, body = super::error::Errors), (status = 404, body = super::error::Errors)))]
pub(super) async fn plan_component(
    State(api): State<Api>,
    Path(id): Path<String>,
    body: Option<Body<RunRequest>>,
) -> Result<Json<Value>, ApiError> {
    let request = body.map(|Body(request)| request).unwrap_or_default();
    let spec = request.spec(of_component(&api, &id).await?)?;
    let prepared = api.dispatcher.prepare(spec, false).await?;
    Ok(Json(json!({ "plan": plan("", &prepared.job, None) })))
}

/// Whether a component's job could run like this.
#[utoipa::path(post, path = "/components/{id}/validate", tag = "components", params(("id" = String, Path)), request_body = RunRequest,
    responses((status = 200, description = "valid, errors, warnings, plan; state if it is to begin from something"), (status = 404, body = super::error::Errors)))]
pub(super) async fn validate(
    State(api): State<Api>,
    Path(id): Path<String>,
    body: Option<Body<RunRequest>>,
) -> Result<Json<Value>, ApiError> {
    let request = body.map(|Body(request)| request).unwrap_or_default();
    let spec = request.spec(of_component(&api, &id).await?)?;
    Ok(validated(&api, spec).await)
}

/// A job that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    jobid: String,
}

/// Accepts a wish.
pub(super) async fn submitted(api: &Api, spec: JobSpec) -> Result<Json<Accepted>, ApiError> {
    let id = api.dispatcher.submit(spec).await?;
    Ok(Json(Accepted {
        jobid: id.to_string(),
    }))
}

/// Runs the job of a component.
#[utoipa::path(post, path = "/components/{id}/run", tag = "components", params(("id" = String, Path)), request_body = RunRequest,
    responses((status = 200, body = Accepted), (status = 400, body = super::error::Errors), (status = 404, body = super::error::Errors), (status = 429, body = super::error::Errors)))]
pub(super) async fn run(
    State(api): State<Api>,
    Path(id): Path<String>,
    body: Option<Body<RunRequest>>,
) -> Result<Json<Accepted>, ApiError> {
    let request = body.map(|Body(request)| request).unwrap_or_default();
    let spec = request.spec(of_component(&api, &id).await?)?;
    submitted(&api, spec).await
}

/// Deletes a component that no job uses.
#[utoipa::path(delete, path = "/components/{id}", tag = "components", params(("id" = String, Path)),
    responses((status = 200, description = "It is deleted"), (status = 404, body = super::error::Errors), (status = 409, body = super::error::Errors)))]
pub(super) async fn delete(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    api.dispatcher.delete_component(&id)?;
    Ok(Json(json!({})))
}

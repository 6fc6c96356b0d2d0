//! The documents of a job: everything that can be read of it, by path. A running job renders the one that is asked for,
//! an ended one has them all in its archive, so both answer alike.

use std::fmt::Display;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::{Json, http::StatusCode};
use dataflow::ids::JobId;
use serde::Serialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::{Api, accumulators, checkpoints, exceptions, job, jobs, limits, logs, vertices, why};
use crate::dispatcher::active_job::ActiveJob;
use crate::dispatcher::archive::{Documents, OVERVIEW};
use crate::dispatcher::job_spec::JobRecord;
use crate::dispatcher::{DispatchError, Entry, Renderer};

/// Renders for the archive.
pub(crate) const RENDERER: Renderer = Renderer { job: all, lost };

fn put(documents: &mut Documents, path: impl Display, document: impl Serialize) {
    // Our own shapes have texts as keys, and so always become JSON.
    let document = serde_json::to_value(document).unwrap_or(Value::Null);
    documents.insert(path.to_string(), document);
}

fn all(active: &ActiveJob, now_ms: i64) -> Documents {
    let mut documents = Documents::new();
    put(&mut documents, OVERVIEW, jobs::JobRow::of(active, now_ms));
    put(&mut documents, "", job::JobDetails::of(active, now_ms));
    put(&mut documents, "plan", job::plan_of(active));
    put(&mut documents, "config", job::JobConfig::of(active));
    put(
        &mut documents,
        "exceptions",
        exceptions::Exceptions::of(active),
    );
    put(
        &mut documents,
        "checkpoints",
        checkpoints::Checkpoints::of(active),
    );
    put(
        &mut documents,
        "checkpoints/config",
        checkpoints::CheckpointConfig::of(active),
    );
    put(
        &mut documents,
        "accumulators",
        accumulators::Accumulators::of(active),
    );
    put(&mut documents, "why", why::Why::of(active, (0, 0), now_ms));
    put(&mut documents, "limits", limits::Limits::of(active));
    put(&mut documents, "logs", logs::Logs::of(active));
    for details in checkpoints::all_details(active) {
        put(
            &mut documents,
            format_args!("checkpoints/details/{}", details.id()),
            &details,
        );
    }
    for vertex in vertices::all(active, now_ms) {
        put(
            &mut documents,
            format_args!("vertices/{}", vertex.id()),
            &vertex,
        );
    }
    documents
}

fn lost(record: &JobRecord, reason: &str, now_ms: i64) -> Documents {
    let mut documents = Documents::new();
    put(&mut documents, OVERVIEW, jobs::JobRow::lost(record, now_ms));
    put(&mut documents, "", job::JobDetails::lost(record, now_ms));
    put(&mut documents, "plan", json!({ "plan": { "nodes": [] } }));
    put(
        &mut documents,
        "exceptions",
        exceptions::Exceptions::lost(reason, now_ms),
    );
    documents
}

/// The id in a path.
pub(super) fn job_id(text: &str) -> Result<JobId, ApiError> {
    text.parse()
        .map_err(|error| ApiError::bad(format!("\"{text}\": {error}")))
}

/// Answers with a document of a job. That a job has ended is said only when its end is kept: who has read it finds it so
/// in the next process too.
pub(super) async fn document<T: Serialize>(
    api: &Api,
    job: &str,
    path: &str,
    render: impl FnOnce(&ActiveJob, i64) -> Result<T, ApiError>,
) -> Result<Response, ApiError> {
    let id = job_id(job)?;
    if let Entry::Active(active) = api.dispatcher.job(id)? {
        let document = render(&active, api.dispatcher.clock.now_ms())?;
        if !api.dispatcher.keeps_end_of(&active).await {
            return Ok(Json(document).into_response());
        }
    }
    let Entry::Ended(archive) = api.dispatcher.job(id)? else {
        return Err(ApiError::from(DispatchError::NoSuchJob(id)));
    };
    let document = archive.documents.get(path).ok_or_else(|| {
        ApiError::missing(format!(
            "job {job} has ended and nothing of it is kept here: {path}"
        ))
    })?;
    Ok((StatusCode::OK, Json(document)).into_response())
}

/// The path of a request below a job.
pub(super) type JobPath = Path<String>;

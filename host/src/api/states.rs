//! `/jobs/:jid/states`: what a job keeps, as of its last completed checkpoint. A running task is never asked.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::documents::{JobPath, job_id};
use super::error::ApiError;
use super::json::Query;
use crate::dispatcher::DispatchError;
use crate::savepoint::entry::Entry;
use crate::savepoint::error::SavepointError;
use crate::savepoint::saved_state::{SavedState, entry_json};
use crate::savepoint::state_files::ChainState;

/// Entries of one answer, at most.
const LIMIT_MAX: usize = 1000;

/// The states of a job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct States {
    /// The checkpoint they are read from.
    checkpoint: u64,
    /// When it was triggered (milliseconds since the Unix epoch).
    #[serde(rename = "trigger-timestamp")]
    triggered_ms: i64,
    /// Their kinds, schemas and sizes.
    #[schema(value_type = Vec<Object>)]
    states: Vec<Value>,
}

/// Which entries are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(super) struct Wanted {
    /// The key as JSON; all keys if it is absent.
    key: Option<String>,
    /// How the JSON text of the key begins, without its quote.
    prefix: Option<String>,
    /// So many; 100 if it is absent.
    limit: Option<usize>,
}

/// Entries of a state.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entries {
    checkpoint: u64,
    #[serde(rename = "trigger-timestamp")]
    triggered_ms: i64,
    #[schema(value_type = Vec<Object>)]
    entries: Vec<Value>,
    /// Whether there are more.
    truncated: bool,
}

/// What a job keeps.
#[utoipa::path(get, path = "/jobs/{jid}/states", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, body = States), (status = 404, body = super::error::Errors)))]
pub(super) async fn states(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Json<States>, ApiError> {
    let read = api.dispatcher.saved_state(job_id(&job)?, |saved| {
        let states = saved.states()?;
        let checkpoint = saved.metadata.checkpoint;
        let states = states.iter().map(renamed).collect();
        Ok(States {
            checkpoint,
            triggered_ms: saved.metadata.triggered_ms,
            states,
        })
    });
    Ok(Json(read.await?))
}

/// In the words of this API.
fn renamed(state: &Value) -> Value {
    json!({
        "uid": state["operator"], "name": state["state"], "kind": state["kind"],
        "key-schema": state["key_schema"], "schema": state["schema"],
        "entries": state["entries"], "bytes": state["bytes"],
    })
}

/// Entries of a state: those of a key, those whose keys begin so, or the first ones.
#[utoipa::path(get, path = "/jobs/{jid}/states/{uid}/{name}", tag = "jobs",
    params(("jid" = String, Path), ("uid" = String, Path), ("name" = String, Path), Wanted),
    responses((status = 200, body = Entries), (status = 404, body = super::error::Errors)))]
pub(super) async fn entries(
    State(api): State<Api>,
    Path((job, uid, name)): Path<(String, String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Entries>, ApiError> {
    let read = api.dispatcher.saved_state(job_id(&job)?, move |saved| {
        find(saved, &uid, &name, &wanted)
    });
    Ok(Json(read.await?))
}

fn find(
    saved: &SavedState,
    uid: &str,
    name: &str,
    wanted: &Wanted,
) -> Result<Entries, DispatchError> {
    let limit = wanted.limit.unwrap_or(100).min(LIMIT_MAX);
    let mut entries = Vec::new();
    let mut truncated = false;
    let begins = |key: &Value| {
        let Some(prefix) = &wanted.prefix else {
            return true;
        };
        let text = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        text.starts_with(prefix)
    };
    let mut show = |state: &ChainState, entry: Entry<'_>| -> Result<(), SavepointError> {
        if entries.len() == limit {
            truncated = true;
            return Ok(());
        }
        let told = entry_json(state, entry);
        if begins(&told["key"]) {
            let field = |names: &[&str]| names.iter().find_map(|name| told.get(name)).cloned();
            let mut row = json!({ "key": told["key"] });
            // Left out where there is none: null would be a value.
            let (sub_key, value) = (
                field(&["sub_key", "namespace", "timer"]),
                field(&["value", "elements"]),
            );
            for (name, found) in [("sub-key", sub_key), ("value", value)] {
                if let Some(found) = found {
                    row[name] = found;
                }
            }
            entries.push(row);
        }
        Ok(())
    };
    match &wanted.key {
        None => saved.visit(Some(uid), Some(name), &mut show)?,
        Some(key) => {
            let typed = serde_json::from_str(key).unwrap_or_else(|_| Value::String(key.clone()));
            saved.visit_key(uid, name, &typed, &mut show)?;
        }
    }
    Ok(Entries {
        checkpoint: saved.metadata.checkpoint,
        triggered_ms: saved.metadata.triggered_ms,
        entries,
        truncated,
    })
}

//! `/jobs/:jid/resource-requirements`: how many subtasks each chain has, and asking for others, as Flink has it.
//!
//! Chains of operators that say their own parallelism keep that; each other one may ask for a number of its own, if the
//! edges of the graph go with it (a forward edge has equal ends). What is asked for is what runs, so both bounds of an
//! answer are the same.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use dataflow::graph::execution::Vertex;
use dataflow::graph::validate::validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::documents::{JobPath, job_id};
use super::error::ApiError;
use super::json::Body;
use super::operations::Begun;
use crate::scheduler::job::Job;
use crate::scheduler::parallelism::Chosen;

/// How many subtasks there may be.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Bounds {
    /// No fewer; 1 if it is absent.
    #[serde(default = "one")]
    lower_bound: u32,
    /// So many, which is what the job gets.
    upper_bound: u32,
}

fn one() -> u32 {
    1
}

/// What a chain asks for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VertexRequirements {
    parallelism: Bounds,
}

/// What the chains ask for, by their ids.
pub(super) type Requirements = BTreeMap<String, VertexRequirements>;

/// How many subtasks each chain of a job has.
#[utoipa::path(get, path = "/jobs/{jid}/resource-requirements", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, body = Requirements), (status = 404, body = super::error::Errors)))]
pub(super) async fn requirements(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Json<Requirements>, ApiError> {
    let active = api.dispatcher.active(job_id(&job)?)?;
    let view = active.handle.view.lock();
    let of_vertex = |it: &Vertex| {
        let bounds = Bounds {
            lower_bound: it.parallelism,
            upper_bound: it.parallelism,
        };
        let parallelism = VertexRequirements {
            parallelism: bounds,
        };
        (it.id.0.to_string(), parallelism)
    };
    let vertices = view.job.execution.vertices.iter();
    Ok(Json(vertices.map(of_vertex).collect()))
}

/// Asks for other numbers of subtasks. The answer does not wait until the job has them.
#[utoipa::path(put, path = "/jobs/{jid}/resource-requirements", tag = "jobs", params(("jid" = String, Path)),
    request_body = Requirements,
    responses((status = 200, body = Begun), (status = 400, body = super::error::Errors), (status = 404, body = super::error::Errors), (status = 409, body = super::error::Errors)))]
pub(super) async fn require(
    State(api): State<Api>,
    Path(job): JobPath,
    Body(wanted): Body<Requirements>,
) -> Result<(StatusCode, Json<Begun>), ApiError> {
    let id = job_id(&job)?;
    let running = {
        let active = api.dispatcher.active(id)?;
        let view = active.handle.view.lock();
        std::sync::Arc::clone(&view.job)
    };
    let (parallelism, chosen) = wanted_parallelism(&running, &wanted).map_err(ApiError::bad)?;
    let request = api.dispatcher.rescale(id, parallelism, chosen)?;
    Ok((StatusCode::OK, Json(Begun { request })))
}

/// What is chosen for the job and its operators when single chains ask for other numbers. Where all that may ask for the
/// same one, that becomes the job's; chains that are not named keep what they have.
fn wanted_parallelism(job: &Job, wanted: &Requirements) -> Result<(u32, Chosen), String> {
    let vertices = &job.execution.vertices;
    let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
    for (id, requirements) in wanted {
        let Bounds {
            lower_bound,
            upper_bound,
        } = requirements.parallelism;
        let index = id.parse().ok();
        let vertex = index.and_then(|index: usize| vertices.get(index));
        let vertex = vertex.ok_or_else(|| format!("the job has no vertex \"{id}\""))?;
        if lower_bound > upper_bound || upper_bound == 0 {
            return Err(format!(
                "vertex {id}: {lower_bound} to {upper_bound} subtasks: no number lies between"
            ));
        }
        if job.may_choose(vertex) {
            numbers.insert(vertex.id.0, upper_bound);
        } else if !(lower_bound..=upper_bound).contains(&vertex.parallelism) {
            return Err(format!(
                "vertex {id}: its operators say their own parallelism, which is {}",
                vertex.parallelism
            ));
        }
    }
    if numbers.is_empty() {
        return Err("no vertex is named that could have another parallelism".to_owned());
    }
    let free = vertices.iter().filter(|vertex| job.may_choose(vertex));
    let free: Vec<_> = free
        .map(|vertex| {
            let asked = numbers.get(&vertex.id.0).copied();
            (vertex, asked.unwrap_or(vertex.parallelism))
        })
        .collect();
    let all: BTreeSet<u32> = free.iter().map(|(_, number)| *number).collect();
    let (parallelism, chosen) = match all.first().filter(|_| all.len() == 1) {
        Some(one) => (*one, Chosen::new()),
        None => {
            let of_vertex = |(vertex, number): &(&Vertex, u32)| {
                let number = *number;
                let uids = vertex.operators.iter().map(|id| job.uid(*id));
                uids.map(move |uid| (uid, number)).collect::<Vec<_>>()
            };
            (job.parallelism, free.iter().flat_map(of_vertex).collect())
        }
    };
    validate(&job.graph_with(&chosen), parallelism).map_err(|error| error.to_string())?;
    Ok((parallelism, chosen))
}

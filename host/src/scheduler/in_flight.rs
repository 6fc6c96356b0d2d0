//! Whether a job can take up what a checkpoint has in flight, and what each of its tasks takes up.
//!
//! Records in flight lie between chains, so a job with the same chains, edges and inputs can. With the same subtasks each takes
//! its own, from its own file; otherwise everything is read here and dealt out anew
//! ([`dataflow::checkpoint::in_flight_redistribution`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::checkpoint::in_flight::InFlight;
use dataflow::checkpoint::in_flight_redistribution::{SavedTask, redistribute};
use dataflow::ids::{SplitId, TaskId, VertexId};
use dataflow::port::blob::BlobStore;
use runtime::task::error::TaskError;
use runtime::task::spec::InFlightWish;

use super::failure::DeployError;
use super::job::Job;
use super::restore::{Inheritance, RestoreError};
use crate::storage::metadata::{EdgeEntry, Metadata, OperatorEntry, TaskEntry, VertexEntry};

/// What each task takes up; nothing if it is not in here.
pub(super) type InFlightWishes = BTreeMap<TaskId, InFlightWish>;

/// What is not the same, if anything is not that must be.
pub(super) fn difference(job: &Job, saved: &Metadata) -> Option<String> {
    let vertices = &job.execution.vertices;
    for (index, vertex) in vertices.iter().enumerate() {
        let uids: Vec<String> = vertex.operators.iter().map(|id| job.uid(*id)).collect();
        let was = saved.vertices.get(index);
        if was.is_none_or(|it| it.operators != uids) {
            let name = &vertex.name;
            return Some(format!("chain \"{name}\" has other operators"));
        }
    }
    let gone = saved.vertices.get(vertices.len());
    if let Some(VertexEntry { operators, .. }) = gone {
        return Some(format!("chain \"{}\" is gone", operators.join(" -> ")));
    }
    let edges = job.execution.edges.iter().map(EdgeEntry::of);
    if !edges.eq(saved.edges.iter().cloned()) {
        return Some("the edges between the chains are others".to_owned());
    }
    let operators = job.operators();
    let other_inputs = |was: &&OperatorEntry| {
        let is = operators.iter().find(|is| is.uid == was.uid);
        is.is_none_or(|is| is.inputs != was.inputs || is.fed_by != was.fed_by)
    };
    let changed = saved.operators.iter().find(other_inputs)?;
    Some(format!(
        "the inputs of operator \"{}\" have changed",
        changed.uid
    ))
}

/// What each task of a job takes up of a checkpoint. Blocks on the store if the job has other subtasks than it had.
///
/// # Errors
/// It cannot be read, or not be dealt out exactly.
pub(super) fn taken_up(
    job: &Job,
    saved: &Metadata,
    inheritance: &Inheritance<'_>,
    store: &Arc<dyn BlobStore>,
) -> Result<InFlightWishes, DeployError> {
    if !saved.has_in_flight() {
        return Ok(InFlightWishes::new());
    }
    let vertices = job.execution.vertices.iter().zip(&saved.vertices);
    let same = |(is, was): (&dataflow::graph::execution::Vertex, &VertexEntry)| {
        is.parallelism as usize == was.tasks.len()
    };
    match vertices.clone().all(same) {
        true => own(saved, store),
        false => dealt(job, saved, inheritance, store),
    }
}

/// Each task its own file.
fn own(saved: &Metadata, store: &Arc<dyn BlobStore>) -> Result<InFlightWishes, DeployError> {
    let mut wishes = InFlightWishes::new();
    for (id, task) in tasks(saved) {
        if let Some(file) = &task.in_flight {
            let file = file.blob().map_err(RestoreError::Unreadable)?;
            wishes.insert(id, InFlightWish::Saved(file, Arc::clone(store)));
        }
    }
    Ok(wishes)
}

/// Each task its part of everything.
fn dealt(
    job: &Job,
    saved: &Metadata,
    inheritance: &Inheritance<'_>,
    store: &Arc<dyn BlobStore>,
) -> Result<InFlightWishes, DeployError> {
    let mut before: Vec<Vec<SavedTask>> = saved.vertices.iter().map(|_| Vec::new()).collect();
    for (id, task) in tasks(saved) {
        before[id.vertex.0 as usize].push(SavedTask {
            in_flight: read(task, store)?,
            finished: task.finished,
        });
    }
    let mut owners: BTreeMap<(VertexId, SplitId), u32> = BTreeMap::new();
    for vertex in &job.execution.vertices {
        let Some(source) = vertex.source else {
            continue;
        };
        let dealt = inheritance.dealt_splits(vertex, source)?;
        for (subtask, splits) in dealt.into_iter().flatten().enumerate() {
            let owned = splits.into_iter().map(|split| (vertex.id, split.id));
            owners.extend(owned.map(|split| (split, subtask as u32)));
        }
    }
    let owner = |vertex, split| owners.get(&(vertex, split)).copied();
    let parts =
        redistribute(&job.execution, &before, &owner).map_err(|reason| RestoreError::InFlight {
            checkpoint: saved.checkpoint,
            reason: reason.to_string(),
        })?;
    let mut wishes = InFlightWishes::new();
    for (vertex, parts) in parts.into_iter().enumerate() {
        for (subtask, part) in parts.into_iter().enumerate() {
            let id = TaskId {
                vertex: VertexId(vertex as u32),
                subtask: subtask as u32,
            };
            wishes.insert(id, InFlightWish::Dealt(part));
        }
    }
    Ok(wishes)
}

fn read(task: &TaskEntry, store: &Arc<dyn BlobStore>) -> Result<InFlight, DeployError> {
    let Some(file) = &task.in_flight else {
        return Ok(InFlight::default());
    };
    let file = file.blob().map_err(RestoreError::Unreadable)?;
    let bytes = store.get(&file).map_err(TaskError::from)?;
    Ok(InFlight::decode(&bytes).map_err(TaskError::from)?)
}

fn tasks(saved: &Metadata) -> impl Iterator<Item = (TaskId, &TaskEntry)> {
    let vertices = saved.vertices.iter().enumerate();
    vertices.flat_map(|(vertex, entry)| {
        let tasks = entry.tasks.iter().enumerate();
        tasks.map(move |(subtask, task)| {
            let id = TaskId {
                vertex: VertexId(vertex as u32),
                subtask: subtask as u32,
            };
            (id, task)
        })
    })
}

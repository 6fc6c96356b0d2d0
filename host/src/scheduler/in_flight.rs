//! Whether a job can take up what a checkpoint has in flight: only if it has the same chains with the same subtasks, and
//! edges that distribute the same records in the same way.
//!
//! Records in flight lie in channels between subtasks. They are not dealt out anew when the job has others: savepoints,
//! and checkpoints that a rescaling or a swap begins with, have nothing in flight, so the way is there.

use super::job::Job;
use crate::storage::metadata::{EdgeEntry, Metadata, OperatorEntry, VertexEntry};

/// What is not the same, if anything is not.
pub(super) fn difference(job: &Job, saved: &Metadata) -> Option<String> {
    let vertices = &job.execution.vertices;
    for (index, vertex) in vertices.iter().enumerate() {
        let uids: Vec<String> = vertex.operators.iter().map(|id| job.uid(*id)).collect();
        let Some(was) = saved.vertices.get(index).filter(|it| it.operators == uids) else {
            let name = &vertex.name;
            return Some(format!("chain \"{name}\" has other operators"));
        };
        let (was, is) = (was.tasks.len(), vertex.parallelism);
        if was != is as usize {
            let name = &vertex.name;
            return Some(format!("chain \"{name}\" had parallelism {was}, now {is}"));
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

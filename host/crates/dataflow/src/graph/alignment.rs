//! Whether watermark alignment can work in a graph: an assigner that is aligned must be in the chain of its source.
//!
//! Alignment stops reading. Where an assigner reads from other tasks, that would be back-pressure on everything before it,
//! which may hold up the very source that the others wait for. Decided before anything runs.

use crate::graph::execution::ExecutionGraph;
use crate::graph::logical::JobGraph;
use crate::graph::validate::GraphError;

/// Checks the aligned assigners of a job.
///
/// # Errors
/// One of them is not chained to a source.
pub fn check_alignment(graph: &JobGraph, execution: &ExecutionGraph) -> Result<(), GraphError> {
    let behind_gates = execution.vertices.iter().filter(|v| v.source.is_none());
    let mut assigners = behind_gates.flat_map(|vertex| &vertex.assigners);
    let Some((operator, _)) = assigners.find(|(_, strategy)| strategy.alignment.is_some()) else {
        return Ok(());
    };
    let uid = graph
        .operator(*operator)
        .map_or_else(String::new, |o| o.uid.clone());
    let reason = "watermark alignment pauses the source, so timestamps must be assigned in the chain of the source: \
                  assign them before streams are joined or redistributed, at the parallelism of the source";
    Err(GraphError::Shape {
        uid,
        reason: reason.to_owned(),
    })
}

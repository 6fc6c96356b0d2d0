//! Inputs that are complete before the first record of the others: data sets that are broadcast, which Flink calls
//! broadcast variables. The channels of the other inputs are left alone until such an input has ended.
//!
//! Two laws follow. What feeds the held inputs waits, by back-pressure, for everything that feeds the data set to
//! finish, so no operator may wait for itself ([`check`]). And a barrier could not pass the held channels, so no
//! checkpoint begins before the tasks that feed data sets have finished ([`awaited`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::execution::ExecutionGraph;
use crate::graph::logical::{JobGraph, Operator};
use crate::graph::validate::GraphError;
use crate::ids::{OperatorId, VertexId};

/// Checks that every operator with such inputs has others too, and that no operator waits for its own end.
///
/// # Errors
/// Names the operator with the data set.
pub(super) fn check(graph: &JobGraph) -> Result<(), GraphError> {
    let refuse = |operator: &Operator, reason: &str| {
        Err(GraphError::Shape {
            uid: operator.uid.clone(),
            reason: reason.to_owned(),
        })
    };
    // For each operator with a data set: who waits for whom.
    let mut waits: Vec<(&Operator, BTreeSet<OperatorId>, BTreeSet<OperatorId>)> = Vec::new();
    for operator in &graph.operators {
        let is_first = |edge_input: u32| operator.inputs[edge_input as usize].complete_first;
        if !operator.inputs.iter().any(|input| input.complete_first) {
            continue;
        }
        if operator.inputs.iter().all(|input| input.complete_first) {
            let reason =
                "all its inputs are to be complete first, so there is nothing that could wait";
            return refuse(operator, reason);
        }
        let (data_sets, held): (Vec<_>, Vec<_>) = graph
            .edges_into(operator.id)
            .map(|edge| (is_first(edge.input), edge.from))
            .partition(|(first, _)| *first);
        let held = feeding(graph, held.into_iter().map(|(_, from)| from));
        let awaited = feeding(graph, data_sets.into_iter().map(|(_, from)| from));
        waits.push((operator, held, awaited));
    }
    // A data set waits for another if what feeds it is held by the other's operator. Those that wait for none are
    // complete some day; taken away again and again, only those that wait for each other are left.
    loop {
        let before = waits.len();
        let held: Vec<BTreeSet<OperatorId>> = waits.iter().map(|(_, it, _)| it.clone()).collect();
        waits.retain(|(.., awaited)| held.iter().any(|held| !held.is_disjoint(awaited)));
        if waits.len() == before {
            break;
        }
    }
    match waits.first() {
        None => Ok(()),
        Some((operator, ..)) => refuse(
            operator,
            "what feeds its other inputs also feeds the data set that is to be complete first, so both would wait for each other: read the data set from a source of its own",
        ),
    }
}

/// These operators and all that feed them.
fn feeding(graph: &JobGraph, from: impl Iterator<Item = OperatorId>) -> BTreeSet<OperatorId> {
    let mut found = BTreeSet::new();
    let mut next: Vec<OperatorId> = from.collect();
    while let Some(operator) = next.pop() {
        if found.insert(operator) {
            next.extend(graph.edges_into(operator).map(|edge| edge.from));
        }
    }
    found
}

/// The vertices that must have finished before the first checkpoint.
pub fn awaited(graph: &ExecutionGraph) -> BTreeSet<VertexId> {
    let mut into: BTreeMap<VertexId, Vec<VertexId>> = BTreeMap::new();
    for edge in &graph.edges {
        into.entry(edge.to).or_default().push(edge.from);
    }
    let data_sets = graph.edges.iter().filter(|edge| edge.complete_first);
    let mut next: Vec<VertexId> = data_sets.map(|edge| edge.from).collect();
    let mut found = BTreeSet::new();
    while let Some(vertex) = next.pop() {
        if found.insert(vertex) {
            next.extend(into.get(&vertex).into_iter().flatten());
        }
    }
    found
}

#[cfg(test)]
mod tests;

//! Where elements go between the subtasks of a rehearsal: the edges of the execution graph, as numbered channels.
//!
//! Keeps: a channel is one producer and one edge, as in the network of the engine, so a watermark valve sees what it
//! would see there. Elements keep their order on a channel.

use dataflow::element::Batch;
use dataflow::graph::execution::{ExecutionGraph, VertexEdge};
use dataflow::graph::logical::Partitioning;
use dataflow::key_group::{key_group, subtask_of_key_group};

/// A subtask of a chain: the index of the chain and its own.
pub(super) type Place = (usize, u32);

/// What a channel carries.
#[derive(Clone, Debug)]
pub(super) enum Element {
    /// Records.
    Records(Batch),
    /// Event time has advanced.
    Watermark(i64),
    /// Nothing follows.
    End,
}

/// An element on its way.
#[derive(Debug)]
pub(super) struct Delivery {
    /// Where to.
    pub(super) to: Place,
    /// Which input of the task.
    pub(super) input: u32,
    /// Which of its channels.
    pub(super) channel: usize,
    /// What.
    pub(super) element: Element,
}

/// How many channels lead into each subtask of a chain.
pub(super) fn channel_count(graph: &ExecutionGraph, vertex: usize) -> usize {
    edges_into(graph, vertex)
        .map(|(_, edge)| width(graph, edge))
        .sum()
}

/// The edges into a chain, with their indices.
fn edges_into(graph: &ExecutionGraph, vertex: usize) -> impl Iterator<Item = (usize, &VertexEdge)> {
    let edges = graph.edges.iter().enumerate();
    edges.filter(move |(_, edge)| edge.to.0 as usize == vertex)
}

/// How many channels of an edge a subtask has.
fn width(graph: &ExecutionGraph, edge: &VertexEdge) -> usize {
    match edge.partitioning {
        Partitioning::Forward => 1,
        Partitioning::Hash | Partitioning::Rebalance | Partitioning::Broadcast => {
            graph.vertices[edge.from.0 as usize].parallelism as usize
        }
    }
}

/// Sends an element of a subtask along an edge; `turn` counts the batches it has sent.
pub(super) fn send(
    graph: &ExecutionGraph,
    index: usize,
    from: u32,
    element: &Element,
    turn: u32,
    deliver: &mut dyn FnMut(Delivery),
) {
    let edge = &graph.edges[index];
    let to = edge.to.0 as usize;
    let before = edges_into(graph, to).take_while(|(other, _)| *other != index);
    let first: usize = before.map(|(_, edge)| width(graph, edge)).sum();
    let parallelism = graph.vertices[to].parallelism;
    let is_forward = edge.partitioning == Partitioning::Forward;
    let channel = first + if is_forward { 0 } else { from as usize };
    let mut to_subtask = |subtask: u32, element: Element| {
        deliver(Delivery {
            to: (to, subtask),
            input: edge.input,
            channel,
            element,
        });
    };
    match (edge.partitioning, element) {
        (Partitioning::Forward, _) => to_subtask(from, element.clone()),
        (Partitioning::Hash, Element::Records(batch)) => {
            for (subtask, part) in by_key(batch, graph.max_parallelism, parallelism) {
                to_subtask(subtask, Element::Records(part));
            }
        }
        (Partitioning::Rebalance, Element::Records(_)) => {
            to_subtask(turn % parallelism, element.clone());
        }
        _ => (0..parallelism).for_each(|subtask| to_subtask(subtask, element.clone())),
    }
}

/// The records of a batch for each subtask, in order.
fn by_key(batch: &Batch, max_parallelism: u32, parallelism: u32) -> Vec<(u32, Batch)> {
    let mut parts = vec![Batch::default(); parallelism as usize];
    for index in 0..batch.len() {
        let key = batch.key(index);
        let group = key_group(key, max_parallelism);
        let subtask = subtask_of_key_group(group, max_parallelism, parallelism);
        parts[subtask as usize].push(batch.timestamp(index), key, batch.value(index));
    }
    let parts = (0..parallelism).zip(parts);
    parts.filter(|(_, part)| !part.is_empty()).collect()
}

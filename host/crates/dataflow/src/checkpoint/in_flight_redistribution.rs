//! What was in flight in a job, dealt out anew to the tasks of a job with the same chains and edges at another parallelism.
//!
//! The law: whatever was on its way to a chain becomes work that its new tasks have begun, and a task does that before it
//! reads anything. So no channel needs a counterpart among the new ones, and what follows on any of them follows indeed.
//! By edge:
//! - hash: each record goes to the subtask that owns its key group, as its state does;
//! - forward: so do records that have a key; others stay together, with the subtask of the same place;
//! - rebalance: batches are spread in turn;
//! - broadcast: of all receivers each had a different part of the same records before it. A new one takes the part of that
//!   old one whose broadcast state it is given a copy of ([`crate::port::redistribution`]); state that is not broadcast has
//!   no such one, so it is refused together with such an edge.
//!
//! What a chain had begun to process goes the way of the input it came from, or at a source to whoever has its split.
//! Order is kept between the records of one old channel that come to one new task; inputs that are complete first are first.
//!
//! Event time is not dealt out: watermarks in flight promise what one old sender knew of itself. A task begins with the
//! least watermark of its predecessors, below all that was in flight to them, and says so once its work is done: late,
//! never early.

use thiserror::Error;

use crate::checkpoint::in_flight::{InFlight, InFlightError, PendingWork};
use crate::checkpoint::in_flight_lane::Lane;
use crate::element::{Batch, StreamElement};
use crate::graph::execution::{ExecutionGraph, Vertex, VertexEdge};
use crate::graph::logical::Partitioning;
use crate::ids::{SplitId, VertexId};
use crate::key_group::{key_group, subtask_of_key_group};
use crate::port::operator_state::OperatorStateKind;

/// A task of the run that a checkpoint is of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SavedTask {
    /// What was in flight in and around it.
    pub in_flight: InFlight,
    /// Whether it had processed all its input.
    pub finished: bool,
}

/// What was in flight cannot be dealt out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RedistributionError {
    /// Receivers of a broadcast had come to different places, and keep what belongs to one place each.
    #[error(
        "records were in flight on the broadcast edge {edge} into chain \"{chain}\", and the list state {state} of each of its \
subtasks belongs to those that it had processed"
    )]
    Broadcast {
        /// The edge.
        edge: String,
        /// Name of the receiving chain.
        chain: String,
        /// One of the states, by uid and name.
        state: String,
    },
    /// A record may be one of many copies, or not.
    #[error(
        "records that chain \"{chain}\" had begun to process came from its input {input}, which edge {edge} broadcasts into and \
another does not"
    )]
    Mixed {
        /// Name of the chain.
        chain: String,
        /// The input.
        input: u32,
        /// The edge that is broadcast.
        edge: String,
    },
    /// The checkpoint contradicts itself.
    #[error("chain \"{chain}\", subtask {subtask}: {source}")]
    Shape {
        /// Name of the chain.
        chain: String,
        /// The subtask.
        subtask: usize,
        /// What is wrong.
        source: InFlightError,
    },
}

/// Deals out what was in flight: by vertex and old subtask in `saved`, by vertex and new subtask in the answer. `graph` is the
/// job as it is now; `owner` says which of its subtasks has a split of a source.
///
/// # Errors
/// Something cannot be dealt out exactly, or the checkpoint contradicts itself.
pub fn redistribute(
    graph: &ExecutionGraph,
    saved: &[Vec<SavedTask>],
    owner: &dyn Fn(VertexId, SplitId) -> Option<u32>,
) -> Result<Vec<Vec<InFlight>>, RedistributionError> {
    let before = Before { graph, saved };
    graph
        .vertices
        .iter()
        .try_for_each(|it| before.check(it.id))?;
    let deal = |vertex: &Vertex| {
        let mut dealer = Dealer::new(before, vertex, owner);
        let edges: Vec<(usize, &VertexEdge)> = graph.edges_into(vertex.id).collect();
        for first in [true, false] {
            let is_first = |input: u32| {
                let mut edges = edges.iter();
                edges.any(|(_, edge)| edge.input == input && edge.complete_first)
            };
            dealer.deal_work(&edges, &|input| is_first(input) == first)?;
            for (index, edge) in edges.iter().filter(|it| it.1.complete_first == first) {
                dealer.deal_edge(*index, edge)?;
            }
        }
        Ok(dealer.finish())
    };
    graph.vertices.iter().map(deal).collect()
}

/// The run that the checkpoint is of, in the graph of the job.
#[derive(Clone, Copy)]
struct Before<'a> {
    graph: &'a ExecutionGraph,
    saved: &'a [Vec<SavedTask>],
}

impl<'a> Before<'a> {
    fn tasks(&self, vertex: VertexId) -> &'a [SavedTask] {
        self.saved.get(vertex.0 as usize).map_or(&[], |it| &it[..])
    }

    /// Channels of an edge at one of its receivers.
    fn senders(&self, edge: &VertexEdge) -> usize {
        match edge.partitioning {
            Partitioning::Forward => 1,
            _ => self.tasks(edge.from).len(),
        }
    }

    /// Channels of an edge at one of its senders.
    fn receivers(&self, edge: &VertexEdge) -> usize {
        match edge.partitioning {
            Partitioning::Forward => 1,
            _ => self.tasks(edge.to).len(),
        }
    }

    fn check(&self, vertex: VertexId) -> Result<(), RedistributionError> {
        let inputs = self.graph.edges_into(vertex);
        let inputs = inputs.map(|(_, edge)| self.senders(edge)).sum();
        let outputs = self.graph.edges.iter().filter(|edge| edge.from == vertex);
        let outputs: Vec<usize> = outputs.map(|edge| self.receivers(edge)).collect();
        let mut tasks = self.tasks(vertex).iter().enumerate();
        tasks.try_for_each(|(subtask, task)| {
            let fits = task.in_flight.fits(inputs, &outputs);
            fits.map_err(|source| RedistributionError::Shape {
                chain: self.graph.vertices[vertex.0 as usize].name.clone(),
                subtask,
                source,
            })
        })
    }

    /// What was on its way from one subtask to another, first things first.
    fn channel(
        &self,
        index: usize,
        edge: &VertexEdge,
        from: usize,
        to: usize,
    ) -> impl Iterator<Item = &'a Batch> + use<'a> {
        let is_forward = edge.partitioning == Partitioning::Forward;
        let in_front = self.graph.edges_into(edge.to);
        let in_front = in_front.take_while(|(other, _)| *other < index);
        let first: usize = in_front.map(|(_, other)| self.senders(other)).sum();
        let at_receiver = first + if is_forward { 0 } else { from };
        let edges = self.graph.edges[..index].iter();
        let at_sender = edges.filter(|other| other.from == edge.from).count();
        let queued = self.tasks(edge.to)[to].in_flight.inputs.get(at_receiver);
        let outputs = &self.tasks(edge.from)[from].in_flight.outputs;
        let kept = outputs
            .get(at_sender)
            .and_then(|it| it.get(if is_forward { 0 } else { to }));
        let elements = queued.into_iter().flatten();
        elements
            .chain(kept.into_iter().flatten())
            .filter_map(|element| match element {
                StreamElement::Records(batch, _) => Some(batch),
                _ => None,
            })
    }
}

/// Deals out what was in flight to one chain.
struct Dealer<'a> {
    before: Before<'a>,
    vertex: &'a Vertex,
    owner: &'a dyn Fn(VertexId, SplitId) -> Option<u32>,
    lanes: Vec<Lane>,
    /// Whose copy of a broadcast each new subtask takes.
    heirs_of: Vec<Option<usize>>,
    next: usize,
}

impl<'a> Dealer<'a> {
    fn new(
        before: Before<'a>,
        vertex: &'a Vertex,
        owner: &'a dyn Fn(VertexId, SplitId) -> Option<u32>,
    ) -> Self {
        let was = before.tasks(vertex.id);
        let is = vertex.parallelism as usize;
        let going_on = |at: &usize| was.get(*at).is_some_and(|task| !task.finished);
        let going_on: Vec<usize> = (0..was.len()).filter(going_on).collect();
        let heir = |subtask: usize| match was.len() == is {
            true => Some(subtask),
            false => going_on.get(subtask % going_on.len().max(1)).copied(),
        };
        Self {
            before,
            vertex,
            owner,
            lanes: (0..is).map(|_| Lane::default()).collect(),
            heirs_of: (0..is).map(heir).collect(),
            next: 0,
        }
    }

    /// What the old tasks had begun to process of these inputs.
    fn deal_work(
        &mut self,
        edges: &[(usize, &VertexEdge)],
        takes: &dyn Fn(u32) -> bool,
    ) -> Result<(), RedistributionError> {
        for (place, task) in self.before.tasks(self.vertex.id).iter().enumerate() {
            for work in &task.in_flight.work {
                let PendingWork::Records(input, split, batch) = work else {
                    continue;
                };
                if !takes(*input) {
                    continue;
                }
                if let Some(split) = split {
                    let owner = (self.owner)(self.vertex.id, *split);
                    let to = owner.map_or(place, |owner| owner as usize);
                    self.lane(to).batch(*input, Some(*split), batch);
                    continue;
                }
                let of_input = edges.iter().map(|it| it.1).filter(|it| it.input == *input);
                let by = self.way_of(*input, of_input)?;
                self.deal(by, place, *input, batch);
            }
        }
        Ok(())
    }

    /// How records of an input travel that no channel is known of.
    fn way_of<'e>(
        &self,
        input: u32,
        edges: impl Iterator<Item = &'e VertexEdge>,
    ) -> Result<Partitioning, RedistributionError> {
        let edges: Vec<&VertexEdge> = edges.collect();
        let is_broadcast = |edge: &&&VertexEdge| edge.partitioning == Partitioning::Broadcast;
        let mut others = edges.iter().filter(|edge| !is_broadcast(edge));
        let other = others.next().map(|edge| edge.partitioning);
        match (edges.iter().find(is_broadcast), other) {
            (Some(edge), Some(_)) if self.is_rescaled() => Err(RedistributionError::Mixed {
                chain: self.vertex.name.clone(),
                input,
                edge: edge.name.clone(),
            }),
            (Some(edge), None) => {
                self.refuse_lists(edge)?;
                Ok(Partitioning::Broadcast)
            }
            // Where some records follow their key all may.
            _ if others.any(|edge| edge.partitioning == Partitioning::Hash) => {
                Ok(Partitioning::Hash)
            }
            (_, other) => Ok(other.unwrap_or(Partitioning::Forward)),
        }
    }

    /// Everything that was on its way along an edge.
    fn deal_edge(&mut self, index: usize, edge: &VertexEdge) -> Result<(), RedistributionError> {
        let (senders, receivers) = (
            self.before.tasks(edge.from).len(),
            self.before.tasks(edge.to).len(),
        );
        let is_forward = edge.partitioning == Partitioning::Forward;
        for from in 0..senders {
            for to in (0..receivers).filter(|to| !is_forward || *to == from) {
                for batch in self.before.channel(index, edge, from, to) {
                    if edge.partitioning == Partitioning::Broadcast {
                        self.refuse_lists(edge)?;
                    }
                    self.deal(edge.partitioning, to, edge.input, batch);
                }
            }
        }
        Ok(())
    }

    /// Deals out one batch that an old subtask had or was to have.
    fn deal(&mut self, by: Partitioning, place: usize, input: u32, batch: &Batch) {
        match by {
            Partitioning::Broadcast => {
                let heirs = self.lanes.iter_mut().zip(&self.heirs_of);
                for (lane, _) in heirs.filter(|(_, of)| **of == Some(place)) {
                    lane.batch(input, None, batch);
                }
            }
            _ if !self.is_rescaled() => self.lane(place).batch(input, None, batch),
            Partitioning::Rebalance => {
                self.next += 1;
                self.lane(self.next).batch(input, None, batch);
            }
            Partitioning::Hash => self.scatter(place, input, batch, false),
            Partitioning::Forward => self.scatter(place, input, batch, true),
        }
    }

    /// By key group; if so told, records without a key go to the subtask of the same place.
    fn scatter(&mut self, place: usize, input: u32, batch: &Batch, keyless_stay: bool) {
        let groups = self.before.graph.max_parallelism;
        for index in 0..batch.len() {
            let key = batch.key(index);
            let to = match keyless_stay && key.is_empty() {
                true => place,
                false => {
                    let group = key_group(key, groups);
                    subtask_of_key_group(group, groups, self.vertex.parallelism) as usize
                }
            };
            self.lane(to).record(input, batch, index);
        }
    }

    /// The subtask of a place; places go round.
    fn lane(&mut self, place: usize) -> &mut Lane {
        let count = self.lanes.len();
        &mut self.lanes[place % count]
    }

    fn is_rescaled(&self) -> bool {
        self.before.tasks(self.vertex.id).len() != self.lanes.len()
    }

    /// A list belongs to what its own subtask had processed of a broadcast, and is cut or joined with the others.
    fn refuse_lists(&self, edge: &VertexEdge) -> Result<(), RedistributionError> {
        let mut states = self.vertex.operator_states.iter();
        let list = states.find(|(_, _, spec)| spec.kind != OperatorStateKind::Broadcast);
        match list.filter(|_| self.is_rescaled()) {
            None => Ok(()),
            Some((_, _, spec)) => Err(RedistributionError::Broadcast {
                edge: edge.name.clone(),
                chain: self.vertex.name.clone(),
                state: spec.name.clone(),
            }),
        }
    }

    fn finish(self) -> Vec<InFlight> {
        let in_flight = |lane: Lane| InFlight {
            work: lane.finish(),
            ..InFlight::default()
        };
        self.lanes.into_iter().map(in_flight).collect()
    }
}

#[cfg(test)]
mod tests;

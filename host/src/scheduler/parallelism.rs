//! The parallelism of single chains, chosen for a job beside what its operators say themselves.
//!
//! Keeps: what an operator says of itself in its plan or job file holds; whoever wrote the job knows why. Everything else is
//! chosen by the uids of operators, so that it means the same in the next process and for the next version of a component.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::clock::Clock;
use dataflow::graph::execution::Vertex;
use dataflow::graph::logical::{JobGraph, Operator};

use super::job::{Job, JobError};
use crate::dead_letters::graph_without;

/// Subtasks by the uid of an operator.
pub(crate) type Chosen = BTreeMap<String, u32>;

impl Job {
    /// Whether another parallelism may be chosen for an operator.
    fn is_free(&self, operator: &Operator) -> bool {
        operator.parallelism.is_none() || self.chosen.contains_key(&operator.uid)
    }

    /// Whether another parallelism may be chosen for a chain: none of its operators says its own.
    pub(crate) fn may_choose(&self, vertex: &Vertex) -> bool {
        let operators = self.graph.operators.iter();
        let mut own = operators.filter(|it| vertex.operators.contains(&it.id));
        own.all(|operator| self.is_free(operator))
    }

    /// The graph of the job with these numbers in the place of those chosen before; without its dead letters.
    pub(crate) fn graph_with(&self, chosen: &Chosen) -> JobGraph {
        let mut graph = graph_without(&self.graph);
        for operator in &mut graph.operators {
            if self.is_free(operator) {
                operator.parallelism = chosen.get(&operator.uid).copied();
            }
        }
        graph
    }

    /// The job before it runs, with these numbers.
    ///
    /// # Errors
    /// Its graph does not go with them.
    pub(crate) fn choose(self, chosen: &Chosen, clock: &Arc<dyn Clock>) -> Result<Self, JobError> {
        if chosen.is_empty() {
            return Ok(self);
        }
        let (graph, resources) = (self.graph_with(chosen), Arc::clone(&self.resources));
        let mut job = Self::new(graph, self.parallelism, self.components, resources, clock)?;
        job.restart_strategy = self.restart_strategy;
        job.chosen.clone_from(chosen);
        Ok(job)
    }
}

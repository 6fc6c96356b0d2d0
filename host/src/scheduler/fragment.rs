//! The place of a chain's logic in one task, as its component is told it: the same for a deployment and for a replacement
//! in place, so that state and ports keep their numbers.

use std::sync::Arc;

use dataflow::graph::execution::Vertex;
use dataflow::port::operator::FragmentSpec;

use super::job::{Job, JobComponent};

/// The place of a chain's logic in one task.
pub(crate) fn fragment_spec(
    job: &Job,
    vertex: &Vertex,
    component: &JobComponent,
    subtask: u32,
    attempt: u32,
) -> FragmentSpec {
    let operator_states = vertex
        .operator_states
        .iter()
        .map(|(operator, name, spec)| (*operator, name.clone(), spec.number));
    FragmentSpec {
        first_operator: component.first_operator,
        job: job.graph.name.clone(),
        name: vertex.name.clone(),
        subtask,
        parallelism: vertex.parallelism,
        max_parallelism: job.graph.max_parallelism,
        attempt,
        operators: vertex.fragment.clone(),
        inputs: vertex.fragment_inputs.clone(),
        outputs: vertex
            .ports
            .iter()
            .map(|port| (port.operator, port.output))
            .collect(),
        states: vertex
            .states
            .iter()
            .filter(|(_, name, _)| !name.starts_with("_timers/"))
            .map(|(operator, name, spec)| (*operator, name.clone(), spec.number))
            .chain(operator_states)
            .collect(),
        guest: vertex.guest,
        parameters: component.parameters.clone(),
        resources: Arc::clone(&job.resources),
    }
}

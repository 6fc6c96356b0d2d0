//! The execution graph: operators fused into chains (vertices), each with its parallelism, its fragment of guest logic,
//! its ports and the edges to other vertices.
//!
//! Operators are chained where an edge forwards between equal parallelism, the target has no other input, and no other
//! component, or the same with other limits, runs in the chain. A vertex is a tree: one head (a source, or an input gate), at most one fragment, and sinks or edges at its ports. That a chain
//! needs no more is an invariant of [`ExecutionGraph::of`]; the runtime relies on it.

use std::collections::BTreeMap;

use crate::graph::logical::{Edge, JobGraph, Operator, OperatorKind, Partitioning};
use crate::graph::validate::{parallelism_of, topological_order};
use crate::ids::{ComponentId, OperatorId, StateNumber, VertexId};
use crate::port::guest_settings::GuestSettings;
use crate::port::operator_state::OperatorStateSpec;
use crate::port::state::StateSpec;
use crate::time::timer::TimeDomain;
use crate::time::watermark_generator::WatermarkStrategy;

/// A job, ready to be deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionGraph {
    /// Name of the job.
    pub name: String,
    /// Number of key groups.
    pub max_parallelism: u32,
    /// The chains; a [`VertexId`] is an index into it. Upstream before downstream.
    pub vertices: Vec<Vertex>,
    /// The edges between chains.
    pub edges: Vec<VertexEdge>,
}

/// A chain of operators that runs in one task per subtask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vertex {
    /// Its index.
    pub id: VertexId,
    /// The names of its operators, for people.
    pub name: String,
    /// Its subtasks.
    pub parallelism: u32,
    /// The source at its head; otherwise it is fed by the edges into it.
    pub source: Option<OperatorId>,
    /// All its operators, upstream before downstream.
    pub operators: Vec<OperatorId>,
    /// The component its guest logic runs in; `None` if it has none.
    pub component: Option<ComponentId>,
    /// What they all say about the guest.
    pub guest: GuestSettings,
    /// The operators that run in that component.
    pub fragment: Vec<OperatorId>,
    /// For each input of the task: which operators of the fragment it feeds.
    pub fragment_inputs: Vec<Vec<(OperatorId, u32)>>,
    /// The fragment's output ports.
    pub ports: Vec<Port>,
    /// Where records of the head go that pass by the fragment.
    pub head_targets: Vec<Target>,
    /// Whether the fragment has keyed state.
    pub keyed: bool,
    /// The states of the fragment with their numbers, and the operator and plain name of each.
    pub states: Vec<(OperatorId, String, StateSpec)>,
    /// The operator states of the fragment with their numbers, and the operator and plain name of each.
    pub operator_states: Vec<(OperatorId, String, OperatorStateSpec)>,
    /// The timestamp assigners of the fragment.
    pub assigners: Vec<(OperatorId, WatermarkStrategy)>,
    /// Operators of the fragment that are fed by the task's inputs and so see the input watermark.
    pub heads: Vec<OperatorId>,
}

/// An output of a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The operator behind it.
    pub operator: OperatorId,
    /// Which output of it.
    pub output: u32,
    /// The assigner whose watermarks the port carries; `None` for those of the task's input.
    pub event_time_from: Option<OperatorId>,
    /// Where its records go.
    pub targets: Vec<Target>,
}

/// Where records go that leave a head or a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Into an edge, an index into [`ExecutionGraph::edges`].
    Edge(usize),
    /// To a sink of the same chain.
    Sink(OperatorId),
}

/// An edge between two chains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VertexEdge {
    /// Where it comes from.
    pub from: VertexId,
    /// Where it goes.
    pub to: VertexId,
    /// Which input of the target task it is.
    pub input: u32,
    /// How it distributes.
    pub partitioning: Partitioning,
    /// Whether it is read to its end before the first record of the other inputs.
    pub complete_first: bool,
    /// How messages write it.
    pub name: String,
}

impl ExecutionGraph {
    /// Fuses a valid job graph into chains for a run at `parallelism`.
    pub fn of(graph: &JobGraph, parallelism: u32) -> Self {
        let order = topological_order(graph);
        let vertex_of = assign_vertices(graph, &order, parallelism);
        let count = vertex_of
            .values()
            .map(|v| v.0 as usize + 1)
            .max()
            .unwrap_or(0);
        let mut this = Self {
            name: graph.name.clone(),
            max_parallelism: graph.max_parallelism,
            vertices: Vec::with_capacity(count),
            edges: Vec::new(),
        };
        let mut edge_index = BTreeMap::new();
        for (position, edge) in graph.edges.iter().enumerate() {
            if vertex_of[&edge.from] != vertex_of[&edge.to] {
                edge_index.insert(position, this.edges.len());
                this.edges.push(VertexEdge {
                    from: vertex_of[&edge.from],
                    to: vertex_of[&edge.to],
                    input: edge.input,
                    partitioning: edge.partitioning,
                    complete_first: is_complete_first(graph, edge),
                    name: crate::graph::validate::edge_name(graph, edge),
                });
            }
        }
        for index in 0..count {
            let id = VertexId(index as u32);
            let members: Vec<OperatorId> = order
                .iter()
                .copied()
                .filter(|o| vertex_of[o] == id)
                .collect();
            this.vertices.push(build_vertex(
                graph,
                id,
                members,
                parallelism,
                &vertex_of,
                &edge_index,
            ));
        }
        this
    }

    /// The edges into a vertex with their indices.
    pub fn edges_into(&self, id: VertexId) -> impl Iterator<Item = (usize, &VertexEdge)> {
        self.edges
            .iter()
            .enumerate()
            .filter(move |(_, edge)| edge.to == id)
    }
}

fn chained(graph: &JobGraph, edge: &Edge, parallelism: u32) -> bool {
    let (Some(from), Some(to)) = (graph.operator(edge.from), graph.operator(edge.to)) else {
        return false;
    };
    edge.partitioning == Partitioning::Forward
        && to.chain
        && graph.edges_into(to.id).count() == 1
        && parallelism_of(from, parallelism) == parallelism_of(to, parallelism)
}

fn is_complete_first(graph: &JobGraph, edge: &Edge) -> bool {
    let to = graph.operator(edge.to);
    let input = to.and_then(|to| to.inputs.get(edge.input as usize));
    input.is_some_and(|input| input.complete_first)
}

fn assign_vertices(
    graph: &JobGraph,
    order: &[OperatorId],
    parallelism: u32,
) -> BTreeMap<OperatorId, VertexId> {
    let mut vertex_of: BTreeMap<OperatorId, VertexId> = BTreeMap::new();
    let mut guest_of: BTreeMap<VertexId, (ComponentId, GuestSettings)> = BTreeMap::new();
    let mut next = 0;
    for id in order {
        let guest = graph.operator(*id).and_then(guest);
        let fits = |vertex: VertexId| match (guest, guest_of.get(&vertex)) {
            (Some(own), Some(there)) => own == *there,
            _ => true,
        };
        let chained_to = graph
            .edges_into(*id)
            .find(|edge| chained(graph, edge, parallelism) && fits(vertex_of[&edge.from]));
        let vertex = chained_to.map_or_else(
            || {
                next += 1;
                VertexId(next - 1)
            },
            |edge| vertex_of[&edge.from],
        );
        vertex_of.insert(*id, vertex);
        if let Some(guest) = guest {
            guest_of.insert(vertex, guest);
        }
    }
    vertex_of
}

/// The component an operator runs in, and how.
fn guest(operator: &Operator) -> Option<(ComponentId, GuestSettings)> {
    match operator.kind {
        OperatorKind::Logic { component, .. } => Some((component, operator.guest)),
        OperatorKind::Source(_) | OperatorKind::Sink(_) => None,
    }
}

fn build_vertex(
    graph: &JobGraph,
    id: VertexId,
    members: Vec<OperatorId>,
    parallelism: u32,
    vertex_of: &BTreeMap<OperatorId, VertexId>,
    edge_index: &BTreeMap<usize, usize>,
) -> Vertex {
    let operators: Vec<&Operator> = members.iter().filter_map(|m| graph.operator(*m)).collect();
    let is_logic = |o: OperatorId| {
        graph
            .operator(o)
            .is_some_and(|operator| matches!(operator.kind, OperatorKind::Logic { .. }))
    };
    let source = operators
        .iter()
        .find(|o| matches!(o.kind, OperatorKind::Source(_)))
        .map(|o| o.id);
    let fragment: Vec<OperatorId> = members.iter().copied().filter(|m| is_logic(*m)).collect();
    let head = members.first().copied();
    let exits = Exits {
        graph,
        vertex_of,
        edge_index,
    };
    let head_targets = match (source, head) {
        (Some(source), _) => exits.leaving(source, 0),
        (None, Some(head)) if !is_logic(head) => vec![Target::Sink(head)],
        _ => Vec::new(),
    };
    let logic = operators.iter().filter(|o| is_logic(o.id));
    let ports = logic
        .flat_map(|operator| exits.ports(operator, id))
        .collect();
    let (fragment_inputs, heads) =
        fragment_inputs(graph, source, head.filter(|h| is_logic(*h)), id, vertex_of);
    let guest = operators.iter().find_map(|o| guest(o));
    Vertex {
        id,
        name: operators
            .iter()
            .map(|o| o.name.as_str())
            .collect::<Vec<_>>()
            .join(" -> "),
        parallelism: operators
            .first()
            .map_or(1, |o| parallelism_of(o, parallelism)),
        source,
        keyed: operators
            .iter()
            .any(|o| matches!(o.kind, OperatorKind::Logic { keyed: true, .. })),
        states: number_states(&operators),
        operator_states: number_operator_states(&operators),
        assigners: operators
            .iter()
            .filter_map(|o| match &o.kind {
                OperatorKind::Logic {
                    watermarks: Some(strategy),
                    ..
                } => Some((o.id, strategy.clone())),
                _ => None,
            })
            .collect(),
        component: guest.map(|(component, _)| component),
        guest: guest.map(|(_, settings)| settings).unwrap_or_default(),
        operators: members,
        fragment,
        fragment_inputs,
        ports,
        head_targets,
        heads,
    }
}

/// Where records leave the operators of a chain.
struct Exits<'a> {
    graph: &'a JobGraph,
    vertex_of: &'a BTreeMap<OperatorId, VertexId>,
    edge_index: &'a BTreeMap<usize, usize>,
}

impl Exits<'_> {
    /// The targets of an output that lie outside the fragment: edges to other chains, and sinks of this one.
    fn leaving(&self, operator: OperatorId, output: u32) -> Vec<Target> {
        let is_sink = |id: OperatorId| {
            self.graph
                .operator(id)
                .is_some_and(|o| matches!(o.kind, OperatorKind::Sink(_)))
        };
        let edges = self.graph.edges.iter().enumerate();
        edges
            .filter(|(_, edge)| edge.from == operator && edge.output == output)
            .filter_map(|(position, edge)| {
                let edge_to_chain = self
                    .edge_index
                    .get(&position)
                    .map(|index| Target::Edge(*index));
                edge_to_chain.or_else(|| is_sink(edge.to).then_some(Target::Sink(edge.to)))
            })
            .collect()
    }

    /// The outputs of an operator that lead out of the fragment.
    fn ports(&self, operator: &Operator, vertex: VertexId) -> Vec<Port> {
        let outputs = 0..operator.outputs.len() as u32;
        let port = |output| {
            let targets = self.leaving(operator.id, output);
            let event_time_from =
                event_time_origin(self.graph, operator.id, vertex, self.vertex_of);
            (!targets.is_empty()).then_some(Port {
                operator: operator.id,
                output,
                event_time_from,
                targets,
            })
        };
        outputs.filter_map(port).collect()
    }
}

/// Which operators the inputs of the task feed: those that follow a source in its chain, or the inputs of the head.
fn fragment_inputs(
    graph: &JobGraph,
    source: Option<OperatorId>,
    head: Option<OperatorId>,
    vertex: VertexId,
    vertex_of: &BTreeMap<OperatorId, VertexId>,
) -> (Vec<Vec<(OperatorId, u32)>>, Vec<OperatorId>) {
    if let Some(source) = source {
        let fed: Vec<(OperatorId, u32)> = graph
            .edges_out_of(source)
            .filter(|edge| vertex_of[&edge.to] == vertex)
            .filter(|edge| {
                graph
                    .operator(edge.to)
                    .is_some_and(|o| matches!(o.kind, OperatorKind::Logic { .. }))
            })
            .map(|edge| (edge.to, edge.input))
            .collect();
        let heads = fed.iter().map(|(operator, _)| *operator).collect();
        return (vec![fed], heads);
    }
    let Some(head) = head else {
        return (Vec::new(), Vec::new());
    };
    let inputs = graph.operator(head).map_or(0, |o| o.inputs.len() as u32);
    (
        (0..inputs).map(|input| vec![(head, input)]).collect(),
        vec![head],
    )
}

/// The nearest assigner at or above an operator within its chain.
fn event_time_origin(
    graph: &JobGraph,
    operator: OperatorId,
    vertex: VertexId,
    vertex_of: &BTreeMap<OperatorId, VertexId>,
) -> Option<OperatorId> {
    let mut at = operator;
    loop {
        if let OperatorKind::Logic {
            watermarks: Some(_),
            ..
        } = graph.operator(at)?.kind
        {
            return Some(at);
        }
        at = graph
            .edges_into(at)
            .find(|edge| vertex_of[&edge.from] == vertex)?
            .from;
    }
}

/// Numbers the states of a chain in the order of the plan, and adds the timers' own if any operator is keyed.
fn number_states(operators: &[&Operator]) -> Vec<(OperatorId, String, StateSpec)> {
    let mut states = Vec::new();
    let mut keyed = None;
    for operator in operators {
        let OperatorKind::Logic {
            keyed: is_keyed,
            states: declared,
            ..
        } = &operator.kind
        else {
            continue;
        };
        if *is_keyed {
            keyed = keyed.or(Some(*operator));
        }
        for state in declared {
            let number = StateNumber(states.len() as u32);
            let name = format!("{}/{}", operator.uid, state.name);
            let spec = StateSpec {
                number,
                name,
                kind: state.kind,
            };
            states.push((operator.id, state.name.clone(), spec));
        }
    }
    if let Some(operator) = keyed {
        for domain in [TimeDomain::Event, TimeDomain::Processing] {
            let name = format!("{}/{}", operator.uid, domain.state_name());
            let kind = crate::port::state::StateKind::Value;
            let spec = StateSpec {
                number: domain.state(),
                name,
                kind,
            };
            states.push((operator.id, domain.state_name().to_owned(), spec));
        }
    }
    states
}

/// The first number of an operator state; a chain has fewer keyed states.
const OPERATOR_STATE_NUMBERS: u32 = 1 << 24;

/// Numbers the operator states of a chain in the order of the plan, from a number on that no keyed state has, so that a
/// guest that mixes them up is refused.
fn number_operator_states(operators: &[&Operator]) -> Vec<(OperatorId, String, OperatorStateSpec)> {
    let first = OPERATOR_STATE_NUMBERS;
    let mut states = Vec::new();
    for operator in operators {
        let OperatorKind::Logic {
            operator_states, ..
        } = &operator.kind
        else {
            continue;
        };
        for state in operator_states {
            let spec = OperatorStateSpec {
                number: StateNumber(first + states.len() as u32),
                name: format!("{}/{}", operator.uid, state.name),
                kind: state.kind,
            };
            states.push((operator.id, state.name.clone(), spec));
        }
    }
    states
}

#[cfg(test)]
mod tests;

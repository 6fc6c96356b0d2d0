//! Whether a job graph makes sense, decided before anything runs. Every finding names the operator or edge it is about.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::graph::complete_first;
use crate::graph::logical::{Edge, JobGraph, Operator, OperatorKind, Partitioning};
use crate::ids::OperatorId;
use crate::limits;

/// Why a job graph is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GraphError {
    /// There is nothing to run.
    #[error("the job has no source: add one with a connector")]
    NoSource,
    /// Too many operators.
    #[error("the job has {count} operators, at most {max} are allowed")]
    TooManyOperators {
        /// Operators there are.
        count: usize,
        /// The bound.
        max: usize,
    },
    /// Max parallelism or parallelism out of bounds.
    #[error("{what} is {value}: it must be between 1 and {max}")]
    Parallelism {
        /// Whose.
        what: String,
        /// What was asked for.
        value: u32,
        /// The bound.
        max: u32,
    },
    /// Two operators with one number.
    #[error("two operators have the number {0}")]
    DuplicateId(u32),
    /// Two operators with one uid.
    #[error(
        "operators \"{first}\" and \"{second}\" have the same uid \"{uid}\": state is found by it, give each its own"
    )]
    DuplicateUid {
        /// The uid.
        uid: String,
        /// Name of one.
        first: String,
        /// Name of the other.
        second: String,
    },
    /// An operator without uid.
    #[error("operator {id} \"{name}\" has no uid")]
    MissingUid {
        /// Its number.
        id: u32,
        /// Its name.
        name: String,
    },
    /// An edge to or from nowhere.
    #[error("edge {edge}: there is no {what}")]
    Dangling {
        /// The edge.
        edge: String,
        /// What is missing.
        what: String,
    },
    /// A port that nothing is connected to.
    #[error("input {input} of operator \"{uid}\" has no edge")]
    UnconnectedInput {
        /// The operator.
        uid: String,
        /// The input.
        input: usize,
    },
    /// Sources have no inputs, sinks have no outputs, and so on.
    #[error("operator \"{uid}\": {reason}")]
    Shape {
        /// The operator.
        uid: String,
        /// What is wrong.
        reason: String,
    },
    /// The types of the two ends differ.
    #[error("edge {edge}: the output gives {gives} but the input takes {takes}")]
    SchemaMismatch {
        /// The edge.
        edge: String,
        /// Schema of the output.
        gives: String,
        /// Schema of the input.
        takes: String,
    },
    /// The way the edge distributes does not fit its ends.
    #[error("edge {edge}: {reason}")]
    Partitioning {
        /// The edge.
        edge: String,
        /// What is wrong.
        reason: String,
    },
    /// The graph has a cycle.
    #[error("the job graph has a cycle through {0}")]
    Cycle(String),
}

/// Checks a job graph for a run at `parallelism`.
///
/// # Errors
/// The first thing that is wrong, in the order: bounds, operators, edges, inputs, cycles, data sets.
pub fn validate(graph: &JobGraph, parallelism: u32) -> Result<(), GraphError> {
    check_bounds(graph, parallelism)?;
    check_operators(graph)?;
    for edge in &graph.edges {
        check_edge(graph, edge, parallelism)?;
    }
    check_inputs(graph)?;
    check_cycles(graph)?;
    complete_first::check(graph)
}

/// The parallelism an operator runs at in a job of parallelism `job`.
pub fn parallelism_of(operator: &Operator, job: u32) -> u32 {
    operator.parallelism.unwrap_or(job)
}

fn check_bounds(graph: &JobGraph, parallelism: u32) -> Result<(), GraphError> {
    let bound = |what: String, value: u32, max: u32| {
        if (1..=max).contains(&value) {
            Ok(())
        } else {
            Err(GraphError::Parallelism { what, value, max })
        }
    };
    bound(
        "max parallelism".into(),
        graph.max_parallelism,
        limits::PARALLELISM_MAX,
    )?;
    bound(
        "the parallelism of the job".into(),
        parallelism,
        graph.max_parallelism,
    )?;
    let count = graph.operators.len();
    if count > limits::OPERATORS_MAX {
        return Err(GraphError::TooManyOperators {
            count,
            max: limits::OPERATORS_MAX,
        });
    }
    for operator in &graph.operators {
        let what = format!("the parallelism of operator \"{}\"", operator.uid);
        bound(
            what,
            parallelism_of(operator, parallelism),
            graph.max_parallelism,
        )?;
    }
    Ok(())
}

fn check_operators(graph: &JobGraph) -> Result<(), GraphError> {
    let mut uids: BTreeMap<&str, &Operator> = BTreeMap::new();
    let mut ids = BTreeMap::new();
    let mut sources = 0;
    for operator in &graph.operators {
        if ids.insert(operator.id, ()).is_some() {
            return Err(GraphError::DuplicateId(operator.id.0));
        }
        if operator.uid.is_empty() {
            let name = operator.name.clone();
            return Err(GraphError::MissingUid {
                id: operator.id.0,
                name,
            });
        }
        if let Some(other) = uids.insert(&operator.uid, operator) {
            return Err(GraphError::DuplicateUid {
                uid: operator.uid.clone(),
                first: other.name.clone(),
                second: operator.name.clone(),
            });
        }
        if let Some(reason) = shape_defect(operator) {
            let uid = operator.uid.clone();
            return Err(GraphError::Shape { uid, reason });
        }
        sources += u32::from(matches!(operator.kind, OperatorKind::Source(_)));
    }
    if sources == 0 {
        Err(GraphError::NoSource)
    } else {
        Ok(())
    }
}

/// What is wrong with an operator by itself.
fn shape_defect(operator: &Operator) -> Option<String> {
    let (inputs, outputs) = (operator.inputs.len(), operator.outputs.len());
    let wrong = match operator.kind {
        OperatorKind::Source(_) if inputs != 0 || outputs != 1 => {
            "a source has no input and one output"
        }
        OperatorKind::Sink(_) if inputs != 1 || outputs != 0 => {
            "a sink has one input and no output"
        }
        OperatorKind::Logic { .. } if inputs == 0 => "an operator has at least one input",
        OperatorKind::Logic {
            keyed: false,
            ref states,
            ..
        } if !states.is_empty() => "it declares state but is not keyed: put a key_by before it",
        _ => "",
    };
    if !wrong.is_empty() {
        return Some(wrong.to_owned());
    }
    let outputs = operator.outputs.iter().map(|output| output.name.as_str());
    if let Some(name) = first_repeated(outputs) {
        return Some(format!("it declares output {name} twice"));
    }
    let OperatorKind::Logic { states, .. } = &operator.kind else {
        return None;
    };
    let name = first_repeated(states.iter().map(|state| state.name.as_str()))?;
    Some(format!("it declares state {name} twice"))
}

fn first_repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    let mut names = names;
    names.find(|name| !seen.insert(*name))
}

/// How messages write an edge.
pub fn edge_name(graph: &JobGraph, edge: &Edge) -> String {
    let uid = |id: OperatorId| {
        graph
            .operator(id)
            .map_or_else(|| id.0.to_string(), |o| o.uid.clone())
    };
    let output = if edge.output == 0 {
        String::new()
    } else {
        format!(".{}", edge.output)
    };
    let input = if edge.input == 0 {
        String::new()
    } else {
        format!(".{}", edge.input)
    };
    format!(
        "\"{}\"{output} -> \"{}\"{input}",
        uid(edge.from),
        uid(edge.to)
    )
}

fn check_edge(graph: &JobGraph, edge: &Edge, parallelism: u32) -> Result<(), GraphError> {
    let name = || edge_name(graph, edge);
    let dangling = |what: String| GraphError::Dangling { edge: name(), what };
    let find = |id: OperatorId| {
        graph
            .operator(id)
            .ok_or_else(|| dangling(format!("operator {}", id.0)))
    };
    let (from, to) = (find(edge.from)?, find(edge.to)?);
    let output = from
        .outputs
        .get(edge.output as usize)
        .ok_or_else(|| dangling(format!("output {} of \"{}\"", edge.output, from.uid)))?;
    let input = to
        .inputs
        .get(edge.input as usize)
        .ok_or_else(|| dangling(format!("input {} of \"{}\"", edge.input, to.uid)))?;
    if output.schema != input.schema {
        return Err(GraphError::SchemaMismatch {
            edge: name(),
            gives: output.schema.clone(),
            takes: input.schema.clone(),
        });
    }
    let refuse = |reason: String| {
        Err(GraphError::Partitioning {
            edge: name(),
            reason,
        })
    };
    let keyed = matches!(to.kind, OperatorKind::Logic { keyed: true, .. });
    match edge.partitioning {
        Partitioning::Hash if output.key_schema.is_none() => {
            refuse("hash partitioning needs a keyed output: put a key_by before it".into())
        }
        Partitioning::Forward | Partitioning::Rebalance if keyed => refuse(format!(
            "the target has keyed state, so {} would bring it keys of other subtasks: use hash",
            edge.partitioning.name()
        )),
        Partitioning::Forward => {
            let (p, q) = (
                parallelism_of(from, parallelism),
                parallelism_of(to, parallelism),
            );
            if p == q {
                return Ok(());
            }
            refuse(format!(
                "forward needs equal parallelism, but the ends have {p} and {q}: use rebalance"
            ))
        }
        Partitioning::Hash | Partitioning::Rebalance | Partitioning::Broadcast => Ok(()),
    }
}

fn check_inputs(graph: &JobGraph) -> Result<(), GraphError> {
    for operator in &graph.operators {
        for input in 0..operator.inputs.len() {
            if !graph
                .edges_into(operator.id)
                .any(|edge| edge.input as usize == input)
            {
                return Err(GraphError::UnconnectedInput {
                    uid: operator.uid.clone(),
                    input,
                });
            }
        }
        let mut keys = graph
            .edges_into(operator.id)
            .filter(|edge| edge.partitioning == Partitioning::Hash)
            .filter_map(|edge| {
                graph
                    .operator(edge.from)?
                    .outputs
                    .get(edge.output as usize)?
                    .key_schema
                    .as_ref()
            });
        let first = keys.next();
        if let (Some(first), Some(other)) = (first, keys.find(|key| Some(*key) != first)) {
            let reason = format!("its inputs are keyed by different types: {first} and {other}");
            return Err(GraphError::Shape {
                uid: operator.uid.clone(),
                reason,
            });
        }
    }
    Ok(())
}

/// Kahn's algorithm: what cannot be ordered lies on a cycle or behind one.
fn check_cycles(graph: &JobGraph) -> Result<(), GraphError> {
    let order = topological_order(graph);
    let left: Vec<&str> = graph
        .operators
        .iter()
        .filter(|operator| !order.contains(&operator.id))
        .map(|operator| operator.uid.as_str())
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = left.iter().map(|uid| format!("\"{uid}\"")).collect();
    Err(GraphError::Cycle(names.join(", ")))
}

/// The operators, each after all that feed it; operators on cycles are left out. Ties are in the order of the plan.
pub fn topological_order(graph: &JobGraph) -> Vec<OperatorId> {
    let mut order: Vec<OperatorId> = Vec::with_capacity(graph.operators.len());
    loop {
        let before = order.len();
        for operator in &graph.operators {
            let ready = graph
                .edges_into(operator.id)
                .all(|edge| order.contains(&edge.from));
            if ready && !order.contains(&operator.id) {
                order.push(operator.id);
            }
        }
        if order.len() == before {
            return order;
        }
    }
}

#[cfg(test)]
mod tests;

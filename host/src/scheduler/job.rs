//! A job as it is submitted: the checked graph and everything its tasks are made from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use dataflow::clock::Clock;
use dataflow::graph::alignment::check_alignment;
use dataflow::graph::execution::{ExecutionGraph, Vertex};
use dataflow::graph::logical::{JobGraph, Operator, OperatorKind};
use dataflow::graph::validate::{GraphError, validate};
use dataflow::ids::{OperatorId, TaskId, VertexId};
use dataflow::job::restart::RestartStrategy;
use dataflow::port::operator::{FragmentSpec, OperatorFactory};
use dataflow::port::resources::Resources;
use dataflow::port::sink::{ConnectorError, Sink};
use dataflow::port::source::Source;
use runtime::task::poison::PoisonWish;
use thiserror::Error;

use super::parallelism::Chosen;
use crate::dead_letters::inbox::Inbox;
use crate::storage::metadata::{OperatorEntry, describe_operators};

/// A job that is refused before it runs.
#[derive(Debug, Error)]
pub(crate) enum JobError {
    /// The graph makes no sense.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A connector cannot be made, or its schema does not fit the job's.
    #[error("operator \"{uid}\": {source}")]
    Connector {
        /// Uid of the source or sink.
        uid: String,
        /// What is wrong.
        source: ConnectorError,
    },
    /// The configuration of a connector is not JSON.
    #[error("operator \"{uid}\": its connector is not readable: {reason}")]
    ConnectorConfig {
        /// Uid of the source or sink.
        uid: String,
        /// What is wrong.
        reason: String,
    },
    /// A source gives other records than the job expects.
    #[error(
        "operator \"{uid}\": the connector gives records of {gives} but the job expects {expects}"
    )]
    SourceSchema {
        /// Uid of the source.
        uid: String,
        /// Schema of the connector.
        gives: String,
        /// Schema of the plan.
        expects: String,
    },
}

/// A checked job.
pub(crate) struct Job {
    /// Subtasks of operators that do not say otherwise.
    pub(crate) parallelism: u32,
    /// Subtasks that were chosen for single operators; the graph has them as well.
    pub(crate) chosen: Chosen,
    /// What the user wrote.
    pub(crate) graph: JobGraph,
    /// What will run.
    pub(crate) execution: ExecutionGraph,
    /// The sources by operator.
    pub(crate) sources: BTreeMap<OperatorId, Arc<dyn Source>>,
    /// The sinks by operator.
    pub(crate) sinks: BTreeMap<OperatorId, Arc<dyn Sink>>,
    /// The components its logic runs in; a `ComponentId` is an index into it.
    pub(crate) components: Vec<JobComponent>,
    /// What the operators may reach beside records and state.
    pub(crate) resources: Arc<Resources>,
    /// What becomes of records that a chain cannot process; the job fails where nothing is said.
    pub(crate) poison: BTreeMap<VertexId, PoisonWish>,
    /// The dead letters of the chains that keep them.
    pub(crate) inboxes: BTreeMap<VertexId, Inbox>,
    /// What it wants to happen after a failure, if it says so; that goes before the configuration.
    pub(crate) restart_strategy: Option<RestartStrategy>,
}

/// A component with the arguments of its plan.
#[derive(Clone)]
pub(crate) struct JobComponent {
    /// Its name for people.
    pub(crate) name: String,
    /// Blake3 of its file.
    pub(crate) digest: String,
    /// Its file, if there is one; it may have changed since.
    pub(crate) file: Option<PathBuf>,
    /// The job's number of its operator 0.
    pub(crate) first_operator: u32,
    /// Makes its guest logic.
    pub(crate) operators: Arc<dyn OperatorFactory>,
    /// Arguments of the plan.
    pub(crate) parameters: Vec<(String, String)>,
    /// The operators of its plan: their numbers in it and their uids.
    pub(crate) planned: Vec<(u32, String)>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("name", &self.graph.name)
            .field("parallelism", &self.parallelism)
            .finish_non_exhaustive()
    }
}

impl Job {
    /// Checks a graph and opens its connectors.
    ///
    /// # Errors
    /// The first thing that is wrong, with the operator or edge named.
    pub(crate) fn new(
        graph: JobGraph,
        parallelism: u32,
        components: Vec<JobComponent>,
        resources: Arc<Resources>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, JobError> {
        validate(&graph, parallelism)?;
        let execution = ExecutionGraph::of(&graph, parallelism);
        check_alignment(&graph, &execution)?;
        let (mut sources, mut sinks) = (BTreeMap::new(), BTreeMap::new());
        let alone = |operator: &Operator, component: &JobComponent| {
            let parallelism = operator.parallelism.unwrap_or(parallelism);
            alone(&graph, operator, component, parallelism, &resources)
        };
        let component_of = |operator: &Operator| components.get(operator.component?.0 as usize);
        for operator in &graph.operators {
            let uid = || operator.uid.clone();
            let refuse = |source: ConnectorError| JobError::Connector { uid: uid(), source };
            let config = |text: &str| {
                serde_json::from_str::<serde_json::Value>(text).map_err(|error| {
                    JobError::ConnectorConfig {
                        uid: uid(),
                        reason: error.to_string(),
                    }
                })
            };
            match &operator.kind {
                OperatorKind::Source(connector) => {
                    let config = config(&connector.0)?;
                    let expects = operator.outputs.first().map_or("", |output| &output.schema);
                    let source = match component_of(operator) {
                        Some(it) => it.operators.source(&alone(operator, it), expects),
                        None => connectors::source(&config, Arc::clone(clock)),
                    };
                    let source = source.map_err(refuse)?;
                    check_source_schema(&operator.uid, &source.schema(), expects)?;
                    sources.insert(operator.id, source);
                }
                OperatorKind::Sink(connector) => {
                    let config = config(&connector.0)?;
                    let sink = match component_of(operator) {
                        Some(it) => it.operators.sink(&alone(operator, it)),
                        None => connectors::sink(&config, Arc::clone(clock)),
                    };
                    let sink = sink.map_err(refuse)?;
                    let schema = operator.inputs.first().map_or("", |input| &input.schema);
                    sink.accepts(schema).map_err(refuse)?;
                    sinks.insert(operator.id, sink);
                }
                OperatorKind::Logic { .. } => {}
            }
        }
        Ok(Self {
            parallelism,
            chosen: Chosen::new(),
            graph,
            execution,
            sources,
            sinks,
            components,
            resources,
            poison: BTreeMap::new(),
            inboxes: BTreeMap::new(),
            restart_strategy: None,
        })
    }

    /// The component that runs the guest logic of a chain, if it has any.
    pub(crate) fn component_of(&self, vertex: &Vertex) -> Option<&JobComponent> {
        self.components.get(vertex.component?.0 as usize)
    }

    /// Its tasks.
    pub(crate) fn task_ids(&self) -> impl Iterator<Item = TaskId> {
        let vertices = self.execution.vertices.iter();
        vertices.flat_map(|vertex| {
            (0..vertex.parallelism).map(|subtask| TaskId {
                vertex: vertex.id,
                subtask,
            })
        })
    }

    /// The digests of its components, each once.
    pub(crate) fn digests(&self) -> Vec<String> {
        let digests: BTreeSet<&String> = self.components.iter().map(|it| &it.digest).collect();
        digests.into_iter().cloned().collect()
    }

    /// Its operators as checkpoints describe them.
    pub(crate) fn operators(&self) -> Vec<OperatorEntry> {
        describe_operators(&self.graph, |operator| {
            let logic = match operator.kind {
                OperatorKind::Logic { component, .. } => Some(component),
                OperatorKind::Source(_) | OperatorKind::Sink(_) => None,
            };
            let component = self
                .components
                .get(operator.component.or(logic)?.0 as usize)?;
            Some(component.digest.clone())
        })
    }

    /// The uid of an operator.
    pub(crate) fn uid(&self, id: OperatorId) -> String {
        self.graph
            .operator(id)
            .map_or_else(|| id.to_string(), |operator| operator.uid.clone())
    }

    /// The uid as an edge or figure shows it: the chain's operators by uid.
    pub(crate) fn task_count(&self) -> usize {
        self.execution
            .vertices
            .iter()
            .map(|vertex| vertex.parallelism as usize)
            .sum()
    }
}

/// Types are equal if they are laid out equally: names of records and fields may differ between a connector and a job.
fn check_source_schema(uid: &str, gives: &str, expects: &str) -> Result<(), JobError> {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    let layout = |text: &str| parse(text).map(|schema| layout_of(&schema));
    if layout(gives).is_some() && layout(gives) == layout(expects) {
        return Ok(());
    }
    Err(JobError::SourceSchema {
        uid: uid.to_owned(),
        gives: gives.to_owned(),
        expects: expects.to_owned(),
    })
}

/// A schema without what does not matter for its layout.
fn layout_of(schema: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match schema {
        Value::Object(object) => {
            let keep = |key: &str| {
                !matches!(
                    key,
                    "doc" | "name" | "namespace" | "aliases" | "default" | "logicalType"
                )
            };
            let kept: serde_json::Map<String, Value> = object
                .iter()
                .filter(|(key, _)| keep(key))
                .map(|(key, value)| (key.clone(), layout_of(value)))
                .collect();
            match kept.get("type") {
                Some(inner @ Value::String(_)) if kept.len() == 1 => inner.clone(),
                _ => Value::Object(kept),
            }
        }
        Value::Array(array) => Value::Array(array.iter().map(layout_of).collect()),
        other => other.clone(),
    }
}

/// A source or sink of a component by itself, as it is when the job is checked.
fn alone(
    graph: &JobGraph,
    operator: &Operator,
    component: &JobComponent,
    parallelism: u32,
    resources: &Arc<Resources>,
) -> FragmentSpec {
    FragmentSpec {
        first_operator: component.first_operator,
        job: graph.name.clone(),
        name: operator.name.clone(),
        subtask: 0,
        parallelism,
        max_parallelism: graph.max_parallelism,
        attempt: 0,
        operators: vec![operator.id],
        inputs: Vec::new(),
        outputs: Vec::new(),
        states: Vec::new(),
        guest: operator.guest,
        parameters: component.parameters.clone(),
        resources: Arc::clone(resources),
    }
}

//! The job graph as a component's plan or a job file describes it: operators, their ports and states, and the edges
//! between them. Plain data; [`super::validate`] says whether it makes sense.

use crate::ids::{ComponentId, OperatorId};
use crate::port::guest_settings::GuestSettings;
use crate::port::operator_state::OperatorStateKind;
use crate::port::state::StateKind;
use crate::time::watermark_generator::WatermarkStrategy;

/// A whole job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobGraph {
    /// Name for people.
    pub name: String,
    /// Number of key groups; fixed for the life of the job's state.
    pub max_parallelism: u32,
    /// Operators; an [`OperatorId`] is not an index into it.
    pub operators: Vec<Operator>,
    /// Edges between their ports.
    pub edges: Vec<Edge>,
    /// Files that the job registers: name and path.
    pub cached_files: Vec<(String, String)>,
}

impl JobGraph {
    /// The operator with this number.
    pub fn operator(&self, id: OperatorId) -> Option<&Operator> {
        self.operators.iter().find(|operator| operator.id == id)
    }

    /// The edges that enter an operator, by input, in the order of the plan.
    pub fn edges_into(&self, id: OperatorId) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.to == id)
    }

    /// The edges that leave an operator.
    pub fn edges_out_of(&self, id: OperatorId) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == id)
    }
}

/// A node of the job graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Its number in the job.
    pub id: OperatorId,
    /// Its name across versions of the job: state is found by it.
    pub uid: String,
    /// Name for people.
    pub name: String,
    /// Subtasks, if not as many as the job has.
    pub parallelism: Option<u32>,
    /// Whether it may share a task with its input.
    pub chain: bool,
    /// What it does.
    pub kind: OperatorKind,
    /// Its inputs.
    pub inputs: Vec<Input>,
    /// Its outputs; the first is the main one.
    pub outputs: Vec<Output>,
    /// The component whose source or sink it is; `None` for a connector of the host.
    pub component: Option<ComponentId>,
    /// What the user must grant to it, such as `files`.
    pub grants: Vec<String>,
    /// Names of the registered files it reads.
    pub cached_files: Vec<String>,
    /// What it says about the guest it runs in.
    pub guest: GuestSettings,
}

impl Operator {
    /// Whether it runs in a component, as logic, source or sink.
    pub fn is_guest(&self) -> bool {
        matches!(self.kind, OperatorKind::Logic { .. }) || self.component.is_some()
    }
}

/// What an operator does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperatorKind {
    /// Reads from the outside by a connector of the host.
    Source(Connector),
    /// Writes to the outside by a connector of the host.
    Sink(Connector),
    /// Runs in a component.
    Logic {
        /// Which one.
        component: ComponentId,
        /// Whether it has keyed state and timers.
        keyed: bool,
        /// Its keyed states.
        states: Vec<State>,
        /// Its operator states.
        operator_states: Vec<OperatorState>,
        /// Set if it assigns timestamps and so begins event time.
        watermarks: Option<WatermarkStrategy>,
    },
}

/// A connector and its configuration, as JSON text that the connectors understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connector(pub String);

/// A declared state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Its name within the operator.
    pub name: String,
    /// How it is used.
    pub kind: StateKind,
    /// Avro schema of the value or list element (JSON text).
    pub schema: String,
    /// Avro schema of the sub-key (JSON text), where it is known.
    pub sub_key_schema: Option<String>,
    /// Whether values expire: each value, list element or map value then stands behind the time of its last write.
    pub expires: bool,
}

/// A declared state that belongs to no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorState {
    /// Its name within the operator.
    pub name: String,
    /// How it is shared out.
    pub kind: OperatorStateKind,
    /// Avro schema of the value or list element (JSON text).
    pub schema: String,
    /// Avro schema of the keys of a broadcast state (JSON text).
    pub sub_key_schema: Option<String>,
}

/// An input port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Avro schema of the values it takes (JSON text, normal form).
    pub schema: String,
    /// Whether it is read to its end before the first record of the operator's other inputs.
    pub complete_first: bool,
}

/// An output port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name: the tag of a side output.
    pub name: String,
    /// Avro schema of the values it gives (JSON text, normal form).
    pub schema: String,
    /// Avro schema of the keys, if the output is keyed.
    pub key_schema: Option<String>,
}

/// How an edge distributes records over the subtasks of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitioning {
    /// To the subtask with the same index; order is kept.
    Forward,
    /// To the subtask that owns the record's key.
    Hash,
    /// To one subtask after the other.
    Rebalance,
    /// To every subtask.
    Broadcast,
}

impl Partitioning {
    /// The word the plan uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Hash => "hash",
            Self::Rebalance => "rebalance",
            Self::Broadcast => "broadcast",
        }
    }
}

/// An edge of the job graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it comes from.
    pub from: OperatorId,
    /// Which output of it.
    pub output: u32,
    /// Where it goes.
    pub to: OperatorId,
    /// Which input of it.
    pub input: u32,
    /// How it distributes.
    pub partitioning: Partitioning,
}

//! The operators of a job as a checkpoint describes them: what they keep and the schemas of it, so that state can be
//! read, compared and migrated without the component that wrote it.

use dataflow::graph::logical::{
    JobGraph, Operator, OperatorKind, OperatorState, Partitioning, State,
};
use dataflow::ids::OperatorId;
use dataflow::port::operator_state::OperatorStateKind;
use dataflow::port::state::StateKind;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// One operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorEntry {
    /// Its name across versions of the job.
    pub(crate) uid: String,
    /// Its name for people.
    pub(crate) name: String,
    /// Who runs it.
    pub(crate) kind: OperatorWord,
    /// Blake3 of the component it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) component: Option<String>,
    /// Avro schemas of what comes in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) inputs: Vec<Json>,
    /// Uids of the operators it is fed by, in the order of the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) fed_by: Vec<String>,
    /// Avro schema of the keys, if it has keyed state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key_schema: Option<Json>,
    /// What it keeps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) states: Vec<StateDeclaration>,
}

/// Who runs an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OperatorWord {
    /// It brings records in.
    Source,
    /// Logic of a component.
    Operator,
    /// It takes records out.
    Sink,
}

/// A declared state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateDeclaration {
    /// Its name within the operator.
    pub(crate) name: String,
    /// How it is used.
    pub(crate) kind: StateWord,
    /// Avro schema of the value or list element.
    pub(crate) schema: Json,
    /// Avro schema of the sub-key, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sub_key_schema: Option<Json>,
    /// Whether each value stands behind the time of its last write.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) expires: bool,
}

/// How a state is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StateWord {
    /// A value per key and namespace.
    Value,
    /// A list per key and namespace.
    List,
    /// A map per key.
    Map,
    /// Operator state, split evenly.
    ListSplit,
    /// Operator state, given whole.
    ListUnion,
    /// Operator state, copied.
    Broadcast,
}

impl StateWord {
    /// The word itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::List => "list",
            Self::Map => "map",
            Self::ListSplit => "list-split",
            Self::ListUnion => "list-union",
            Self::Broadcast => "broadcast",
        }
    }

    /// How a backend stores it, if it belongs to a key.
    pub(crate) fn keyed(self) -> Option<StateKind> {
        match self {
            Self::Value => Some(StateKind::Value),
            Self::List => Some(StateKind::List),
            Self::Map => Some(StateKind::Map),
            Self::ListSplit | Self::ListUnion | Self::Broadcast => None,
        }
    }

    /// How it is shared out, if it belongs to no key.
    pub(crate) fn unkeyed(self) -> Option<OperatorStateKind> {
        match self {
            Self::ListSplit => Some(OperatorStateKind::ListSplit),
            Self::ListUnion => Some(OperatorStateKind::ListUnion),
            Self::Broadcast => Some(OperatorStateKind::Broadcast),
            Self::Value | Self::List | Self::Map => None,
        }
    }
}

/// Describes the operators of a job; `digest` names the component of an operator.
pub(crate) fn describe_operators(
    graph: &JobGraph,
    digest: impl Fn(&Operator) -> Option<String>,
) -> Vec<OperatorEntry> {
    let entry = |operator: &Operator| {
        let uid_of = |id: OperatorId| graph.operator(id).map(|it| it.uid.clone());
        OperatorEntry {
            uid: operator.uid.clone(),
            name: operator.name.clone(),
            kind: match operator.kind {
                OperatorKind::Source(_) => OperatorWord::Source,
                OperatorKind::Sink(_) => OperatorWord::Sink,
                OperatorKind::Logic { .. } => OperatorWord::Operator,
            },
            component: digest(operator),
            inputs: operator.inputs.iter().map(|it| json(&it.schema)).collect(),
            fed_by: graph
                .edges_into(operator.id)
                .filter_map(|edge| uid_of(edge.from))
                .collect(),
            key_schema: key_schema(graph, operator).map(|schema| json(&schema)),
            states: states_of(operator),
        }
    };
    graph.operators.iter().map(entry).collect()
}

fn states_of(operator: &Operator) -> Vec<StateDeclaration> {
    let OperatorKind::Logic {
        states,
        operator_states,
        ..
    } = &operator.kind
    else {
        return Vec::new();
    };
    let keyed = |state: &State| StateDeclaration {
        name: state.name.clone(),
        kind: match state.kind {
            StateKind::Value => StateWord::Value,
            StateKind::List => StateWord::List,
            StateKind::Map => StateWord::Map,
        },
        schema: json(&state.schema),
        sub_key_schema: state.sub_key_schema.as_deref().map(json),
        expires: state.expires,
    };
    let unkeyed = |state: &OperatorState| StateDeclaration {
        name: state.name.clone(),
        kind: match state.kind {
            OperatorStateKind::ListSplit => StateWord::ListSplit,
            OperatorStateKind::ListUnion => StateWord::ListUnion,
            OperatorStateKind::Broadcast => StateWord::Broadcast,
        },
        schema: json(&state.schema),
        sub_key_schema: state.sub_key_schema.as_deref().map(json),
        expires: false,
    };
    let keyed = states.iter().map(keyed);
    keyed.chain(operator_states.iter().map(unkeyed)).collect()
}

/// The schema of the keys of a keyed operator: that of the hash edge into it, or into the operator it follows.
fn key_schema(graph: &JobGraph, operator: &Operator) -> Option<String> {
    if !matches!(operator.kind, OperatorKind::Logic { keyed: true, .. }) {
        return None;
    }
    let mut edges = graph.edges_into(operator.id);
    let edge = edges.find(|edge| edge.partitioning == Partitioning::Hash)?;
    let output = graph
        .operator(edge.from)?
        .outputs
        .get(edge.output as usize)?;
    output.key_schema.clone()
}

/// A schema was JSON when the graph was checked; a text that is none is kept as text.
fn json(schema: &str) -> Json {
    serde_json::from_str(schema).unwrap_or_else(|_| Json::String(schema.to_owned()))
}

//! A job file as it is written: the types that read it, write it, and give its JSON Schema. Unknown keys are errors.
//!
//! What an operator of a component is (its schemas, states, watermarks) is not repeated here: it comes from the
//! component's plan. Connectors are the same objects that a plan has.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::guest::{LimitsEntry, OnFailureEntry};

/// The version this build reads and writes.
const VERSION: u32 = 1;

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobFile {
    /// Version of the format; 1.
    #[serde(default = "version")]
    pub(crate) version: u32,
    /// Name of the job; its checkpoints are kept under it.
    pub(crate) name: String,
    /// Subtasks of operators that do not say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parallelism: Option<u32>,
    /// Number of key groups, fixed for the life of the job's state; 128 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_parallelism: Option<u32>,
    /// Components by the name that operators use.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) components: BTreeMap<String, ComponentEntry>,
    /// Parameters of the job with their defaults. A text with `${name}` gets the value; `--param name=value` overrides it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) parameters: BTreeMap<String, Scalar>,
    /// What the job may touch outside of the sandbox, as `--grant` has it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) grants: Map<String, Value>,
    /// Files that every operator finds by a name, as `--cached-file` has it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) cached_files: Map<String, Value>,
    /// Configuration of this job: `checkpoint-interval`, `state-backend`, or any key that `wasmill config` lists. It goes
    /// before configuration files and environment; flags go before it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) settings: BTreeMap<String, Scalar>,
    /// Sources, operators and sinks, in any order.
    pub(crate) operators: Vec<OperatorEntry>,
}

fn version() -> u32 {
    VERSION
}

impl JobFile {
    /// A job without operators.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            version: VERSION,
            name: name.to_owned(),
            parallelism: None,
            max_parallelism: None,
            components: BTreeMap::new(),
            parameters: BTreeMap::new(),
            grants: Map::new(),
            cached_files: Map::new(),
            settings: BTreeMap::new(),
            operators: Vec::new(),
        }
    }

    /// Whether this build reads the version.
    pub(crate) fn is_known_version(&self) -> bool {
        self.version == VERSION
    }
}

/// A text, number or boolean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a text, a number, true or false")]
pub(crate) enum Scalar {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Long(i64),
    /// A number.
    Double(f64),
    /// A text.
    Text(String),
}

impl Scalar {
    /// As a component's argument or a setting is written.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Long(value) => value.to_string(),
            Self::Double(value) => value.to_string(),
            Self::Text(value) => value.clone(),
        }
    }

    /// As a connector's key holds it.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Boolean(value) => Value::from(*value),
            Self::Long(value) => Value::from(*value),
            Self::Double(value) => Value::from(*value),
            Self::Text(value) => Value::from(value.as_str()),
        }
    }
}

/// A component of the job: its file, or more about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a path, or path with digest and parameters")]
pub(crate) enum ComponentEntry {
    /// Path of the file, from the folder of the job file.
    Path(String),
    /// Path and more.
    Full(FullComponent),
}

/// A component with what is known about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FullComponent {
    /// Path of the file, from the folder of the job file.
    pub(crate) path: String,
    /// Blake3 of the file, as `wasmill inspect` shows it; another file is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
    /// Arguments for all operators of the component.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) parameters: BTreeMap<String, Scalar>,
}

/// A source, a sink, a component in its place, or one operator of a component: exactly one of `source`, `sink` and
/// `component`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorEntry {
    /// Its name across versions of the job: state is found by it. Operators inside a component get `uid/` before theirs.
    pub(crate) uid: String,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Its subtasks; the job's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parallelism: Option<u32>,
    /// False keeps it in a task apart from its input's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) chain: Option<bool>,
    /// What happens when it fails at a record; what the component or the configuration says if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) on_failure: Option<OnFailureEntry>,
    /// What its guest may use. Operators with other limits or `on_failure` run in a task apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<LimitsEntry>,
    /// A connector of the host that brings records in: its `type` and its own keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<Map<String, Value>>,
    /// A connector of the host that takes records out: its `type` and its own keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sink: Option<Map<String, Value>>,
    /// Avro schema of the records of a source, if the connector's own does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<Value>,
    /// Event time of a source's records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) watermarks: Option<WatermarksEntry>,
    /// Name of a component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) component: Option<String>,
    /// Uid of the one operator of the component's plan that this is. Without it, this is the whole component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operator: Option<String>,
    /// Arguments for the component's plan, over those of the component.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) parameters: BTreeMap<String, Scalar>,
    /// Where the records of the only input come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input: Option<Links>,
    /// Where records come from, by input port; for one operator of a component a list of edges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) inputs: Option<Inputs>,
}

/// Where the records of a source begin event time: short for the standard operator `assign-timestamps` behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatermarksEntry {
    /// The expression of the event time (milliseconds).
    pub(crate) timestamp: String,
    /// How late records are behind the latest one at most, such as `5s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_out_of_orderness: Option<Scalar>,
    /// How long a silent split holds event time up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) idle_timeout: Option<Scalar>,
    /// For records whose time cannot be told: `fail`, or `skip` and count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) on_error: Option<Scalar>,
}

/// Inputs of an operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a map of port to uid, or a list of edges {from, output, input, partitioning}"
)]
pub(crate) enum Inputs {
    /// By the name of the input port.
    Ports(BTreeMap<String, Links>),
    /// Edge by edge.
    Edges(Vec<EdgeEntry>),
}

/// One stream or the union of several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "`uid`, `uid.output`, {from, output, partitioning}, or a list of those"
)]
pub(crate) enum Links {
    // Tried first: a list could be taken for the fields of an edge.
    /// Their union.
    Union(Vec<Link>),
    /// One.
    One(Link),
}

/// The output of an operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "`uid`, `uid.output` or {from, output, partitioning}"
)]
pub(crate) enum Link {
    /// `uid`, or `uid.output`.
    Name(String),
    /// With more.
    Edge(EdgeEntry),
}

/// An edge into an operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EdgeEntry {
    /// Uid of the operator whose output it is.
    pub(crate) from: String,
    /// Name of the output; the main one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<String>,
    /// Which input of the operator, from 0. Only for one operator of a component.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) input: u32,
    /// How records are distributed; what the operator needs if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) partitioning: Option<PartitioningEntry>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_zero(input: &u32) -> bool {
    *input == 0
}

/// How an edge distributes records over subtasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PartitioningEntry {
    /// To the same subtask, in order.
    Forward,
    /// By the key.
    Hash,
    /// In turn.
    Rebalance,
    /// To every subtask.
    Broadcast,
}

/// The JSON Schema of job files.
pub(crate) fn schema() -> Value {
    schemars::schema_for!(JobFile).to_value()
}

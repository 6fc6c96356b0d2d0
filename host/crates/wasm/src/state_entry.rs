//! A state as the two documents of a component declare it: by key, or of the operator.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use dataflow::port::operator_state::OperatorStateKind;

/// A state of an operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateEntry {
    /// Its name within the operator.
    pub name: String,
    /// How it is used.
    pub kind: StateEntryKind,
    /// Avro schema of the value or list element.
    pub schema: Value,
    /// Avro schema of the sub-key (of a broadcast state: of its key).
    #[serde(default)]
    pub sub_key_schema: Option<Value>,
    /// Version of the schema, counted by its author.
    #[serde(default = "first_version")]
    pub version: u32,
    /// How long entries live (milliseconds); null for as long as they are not removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<TtlEntry>,
}

fn first_version() -> u32 {
    1
}

/// How long entries of a state live. Kept by the guest; here to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TtlEntry {
    /// Milliseconds after the last write (or read, if reads refresh).
    pub ms: u64,
    /// Which clock.
    pub clock: TtlClock,
    /// Whether a read makes an entry live longer.
    #[serde(default)]
    pub refresh_on_read: bool,
}

/// The clock that lets state expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TtlClock {
    /// The watermark and the timestamps of records: replays give the same.
    Event,
    /// The operator's clock.
    Processing,
}

/// How a state is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateEntryKind {
    /// One value per key and namespace.
    Value,
    /// A list per key and namespace.
    List,
    /// An ordered map per key.
    Map,
    /// A value per key and namespace that is reduced; to the host a value.
    Reducing,
    /// A value per key and namespace that is aggregated; to the host a value.
    Aggregating,
    /// Operator state: a list, split evenly when the parallelism changes.
    ListSplit,
    /// Operator state: a list, whole on every subtask after a restore.
    ListUnion,
    /// Operator state: a map, equal on every subtask.
    Broadcast,
}

impl TtlClock {
    /// Its name in the documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Processing => "processing",
        }
    }
}

impl StateEntry {
    /// What is wrong with it by itself.
    pub(crate) fn defect(&self) -> Option<String> {
        let name = &self.name;
        if self.version == 0 {
            return Some(format!("state {name} has version 0; count from 1"));
        }
        let ttl = self.ttl.as_ref()?;
        if ttl.ms == 0 || i64::try_from(ttl.ms).is_err() {
            return Some(format!(
                "state {name} is to live for {} ms; give at least 1",
                ttl.ms
            ));
        }
        self.kind.operator_state()?;
        Some(format!("state {name} belongs to no key and cannot expire"))
    }
}

impl StateEntryKind {
    /// Its name in the documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::List => "list",
            Self::Map => "map",
            Self::Reducing => "reducing",
            Self::Aggregating => "aggregating",
            Self::ListSplit => "list-split",
            Self::ListUnion => "list-union",
            Self::Broadcast => "broadcast",
        }
    }

    /// How it is shared out if it belongs to no key; `None` for keyed state.
    pub fn operator_state(self) -> Option<OperatorStateKind> {
        match self {
            Self::ListSplit => Some(OperatorStateKind::ListSplit),
            Self::ListUnion => Some(OperatorStateKind::ListUnion),
            Self::Broadcast => Some(OperatorStateKind::Broadcast),
            Self::Value | Self::List | Self::Map | Self::Reducing | Self::Aggregating => None,
        }
    }
}

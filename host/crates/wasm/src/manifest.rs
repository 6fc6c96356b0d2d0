//! What a component says it is: the JSON document of `manifest.describe`, and asking for it.
//!
//! Unknown fields are errors, so that a newer SDK is not half understood, and every error names the field by its path.
//! Schemas are kept as JSON: they are read where edges are checked.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use dataflow::limits::PARALLELISM_MAX;
use dataflow::port::guest_settings::OnFailure;

use crate::component::Component;
use crate::error::WasmError;
use crate::state_entry::StateEntry;

/// The version of both documents.
const DOCUMENT_VERSION: u32 = 1;

/// The connector type of sources and sinks that the component implements.
const COMPONENT: &str = "component";

/// The grant of a directory.
const GRANT_FILES: &str = "files";

/// Bytes of a document: ten thousand operators with generous schemas.
const DOCUMENT_BYTES_MAX: usize = 16 << 20;

/// What a component is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the document; 1.
    pub version: u32,
    /// Name of the component.
    pub name: String,
    /// What it was written with.
    pub sdk: SdkEntry,
    /// Parameters of its job.
    #[serde(default)]
    pub parameters: Vec<ParameterEntry>,
    /// Its operators, with the parameters at their defaults.
    pub operators: Vec<OperatorEntry>,
}

/// What a component was written with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SdkEntry {
    /// Programming language.
    pub language: String,
    /// Name of the SDK.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A parameter of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterEntry {
    /// Its name.
    pub name: String,
    /// Type of its value.
    #[serde(rename = "type")]
    pub value_type: ParameterType,
    /// The value if none is given; null if one must be given.
    #[serde(default)]
    pub default: Value,
    /// What it means, for people.
    #[serde(default)]
    pub description: String,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterType {
    /// A text.
    String,
    /// A whole number.
    Long,
    /// A number.
    Double,
    /// True or false.
    Boolean,
}

/// An operator, source or sink.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorEntry {
    /// Its number in the document.
    pub id: u32,
    /// Its name across versions of the job.
    pub uid: String,
    /// Its name for people.
    pub name: String,
    /// Who runs it.
    pub kind: OperatorKind,
    /// Number of subtasks; the job's if absent.
    #[serde(default)]
    pub parallelism: Option<u32>,
    /// Whether it may be chained to its input.
    #[serde(default = "yes")]
    pub chain: bool,
    /// What happens when it fails at a record; as configured if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailureEntry>,
    /// Type and settings of a source or sink.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<Map<String, Value>>,
    /// Its inputs.
    #[serde(default)]
    pub inputs: Vec<InputEntry>,
    /// Its outputs: the main one, then the side outputs.
    #[serde(default)]
    pub outputs: Vec<OutputEntry>,
    /// Whether it has keyed state and timers.
    #[serde(default)]
    pub keyed: bool,
    /// Its states.
    #[serde(default)]
    pub states: Vec<StateEntry>,
    /// How watermarks are made, if it assigns timestamps.
    #[serde(default)]
    pub watermarks: Option<WatermarksEntry>,
    /// What the user must grant to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<String>,
    /// Names of the registered files it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cached_files: Vec<String>,
}

fn yes() -> bool {
    true
}

/// What happens when an operator fails at a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailureEntry {
    /// The job fails.
    Fail,
    /// The record is left out and counted.
    Skip,
    /// The record is left out, counted and kept.
    DeadLetter,
}

impl From<OnFailureEntry> for OnFailure {
    fn from(entry: OnFailureEntry) -> Self {
        match entry {
            OnFailureEntry::Fail => Self::Fail,
            OnFailureEntry::Skip => Self::Skip,
            OnFailureEntry::DeadLetter => Self::DeadLetter,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_no(value: &bool) -> bool {
    !*value
}

/// Who runs an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OperatorKind {
    /// A connector of the host that brings records in.
    Source,
    /// The component.
    Operator,
    /// A connector of the host that takes records out.
    Sink,
    /// An open port through which records enter a component that is a part of a job; its `name` is the port's.
    Input,
    /// An open port through which records leave such a component; its `name` is the port's.
    Output,
}

/// An input of an operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputEntry {
    /// Avro schema of the values.
    pub schema: Value,
    /// Whether it is read to its end before the first record of the operator's other inputs.
    #[serde(default, skip_serializing_if = "is_no")]
    pub complete_first: bool,
}

/// An output of an operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputEntry {
    /// Its name.
    pub name: String,
    /// Avro schema of the values.
    pub schema: Value,
    /// Avro schema of the keys; absent on an unkeyed stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_schema: Option<Value>,
}

/// How watermarks follow from timestamps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatermarksEntry {
    /// The rule.
    pub strategy: WatermarkStrategy,
    /// How far records may be out of order; only for `bounded`, and needed there.
    #[serde(default)]
    pub max_out_of_orderness_ms: Option<u64>,
    /// Silence after which a split no longer holds event time back.
    #[serde(default)]
    pub idle_after_ms: Option<u64>,
    /// Which sources it waits for.
    #[serde(default)]
    pub alignment: Option<AlignmentEntry>,
}

/// Sources that wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlignmentEntry {
    /// Name of the group.
    pub group: String,
    /// How far a split may be ahead of the group's least watermark.
    pub max_drift_ms: u64,
}

/// The rule by which watermarks follow from timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WatermarkStrategy {
    /// The largest timestamp so far, less a bound.
    Bounded,
    /// The largest timestamp so far.
    Monotonic,
    /// What the operator says of some records.
    Punctuated,
    /// No watermark before the end of the input.
    None,
    /// The clock, which also gives the timestamps.
    Ingestion,
}

/// What is wrong with a document, and where.
#[derive(Debug)]
pub(crate) struct Defect {
    field: String,
    reason: String,
}

impl Defect {
    pub(crate) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            reason: reason.into(),
        }
    }
}

/// Reads a document and checks it.
pub(crate) fn parse<D: serde::de::DeserializeOwned>(
    name: &str,
    document: &'static str,
    text: &str,
    check: impl FnOnce(&D) -> Result<(), Defect>,
) -> Result<D, WasmError> {
    let read = || {
        if text.len() > DOCUMENT_BYTES_MAX {
            let reason = format!(
                "{} bytes, at most {DOCUMENT_BYTES_MAX} are allowed",
                text.len()
            );
            return Err(Defect::new("the whole", reason));
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let parsed: D = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| Defect::new(path(error.path()), error.inner().to_string()))?;
        json.end()
            .map_err(|error| Defect::new("the end", error.to_string()))?;
        check(&parsed)?;
        Ok(parsed)
    };
    read().map_err(|defect: Defect| WasmError::Document {
        name: name.to_owned(),
        document,
        field: defect.field,
        reason: defect.reason,
    })
}

fn path(path: &serde_path_to_error::Path) -> String {
    match path.to_string() {
        root if root == "." => "the whole".to_owned(),
        field => field,
    }
}

pub(crate) fn check_version(version: u32) -> Result<(), Defect> {
    if version == DOCUMENT_VERSION {
        return Ok(());
    }
    Err(Defect::new(
        "version",
        format!("{version} is not {DOCUMENT_VERSION}; this host does not know it"),
    ))
}

/// Checks what concerns each operator by itself.
pub(crate) fn check_operators(operators: &[OperatorEntry]) -> Result<(), Defect> {
    for (index, operator) in operators.iter().enumerate() {
        operator.check().map_err(|defect| Defect {
            field: format!("operators[{index}].{}", defect.field),
            reason: format!("operator \"{}\": {}", operator.uid, defect.reason),
        })?;
    }
    Ok(())
}

impl OperatorEntry {
    /// Whether the component implements it: any operator, and a source or sink of its own.
    pub fn runs_in_component(&self) -> bool {
        match self.kind {
            OperatorKind::Operator => true,
            OperatorKind::Source | OperatorKind::Sink => {
                let connector = self.connector.as_ref();
                connector.and_then(|it| it.get("type")) == Some(&Value::from(COMPONENT))
            }
            OperatorKind::Input | OperatorKind::Output => false,
        }
    }

    fn check(&self) -> Result<(), Defect> {
        if self.uid.is_empty() {
            return Err(Defect::new("uid", "is empty; state is found by it"));
        }
        if let Some(parallelism) = self.parallelism
            && !(1..=PARALLELISM_MAX).contains(&parallelism)
        {
            let reason = format!("{parallelism} is not between 1 and {PARALLELISM_MAX}");
            return Err(Defect::new("parallelism", reason));
        }
        let connector_type = self.connector.as_ref().and_then(|it| it.get("type"));
        match self.kind {
            OperatorKind::Operator | OperatorKind::Input | OperatorKind::Output
                if self.connector.is_some() =>
            {
                return Err(Defect::new(
                    "connector",
                    "belongs to sources and sinks only",
                ));
            }
            OperatorKind::Source | OperatorKind::Sink
                if !connector_type.is_some_and(Value::is_string) =>
            {
                return Err(Defect::new("connector.type", "is missing or not a text"));
            }
            OperatorKind::Input if self.outputs.len() != 1 || !self.inputs.is_empty() => {
                return Err(Defect::new("outputs", "an open input has exactly one"));
            }
            OperatorKind::Output if self.inputs.len() != 1 || !self.outputs.is_empty() => {
                return Err(Defect::new("inputs", "an open output has exactly one"));
            }
            OperatorKind::Source
            | OperatorKind::Operator
            | OperatorKind::Sink
            | OperatorKind::Input
            | OperatorKind::Output => {}
        }
        let keys = self.connector.as_ref().map_or(0, Map::len);
        if connector_type.is_some_and(|it| it == COMPONENT) && keys > 1 {
            let reason = "of type component has no keys beside its type";
            return Err(Defect::new("connector", reason));
        }
        let runs_in_component = self.connector.is_some() && self.runs_in_component();
        if let Some(grant) = self.grants.iter().find(|grant| *grant != GRANT_FILES) {
            let reason = format!("there is no grant {grant}; there is: {GRANT_FILES}");
            return Err(Defect::new("grants", reason));
        }
        if !self.grants.is_empty() && !runs_in_component {
            let reason = "are for sources and sinks that run in the component";
            return Err(Defect::new("grants", reason));
        }
        if let Some(reason) = self.states.iter().find_map(StateEntry::defect) {
            return Err(Defect::new("states", reason));
        }
        let by_key = |state: &&StateEntry| state.kind.operator_state().is_none();
        if let Some(state) = self.states.iter().find(by_key)
            && !self.keyed
        {
            let reason = format!("state {} needs a keyed operator", state.name);
            return Err(Defect::new("states", reason));
        }
        match &self.watermarks {
            Some(watermarks) => watermarks.check(),
            None => Ok(()),
        }
    }
}

impl WatermarksEntry {
    fn check(&self) -> Result<(), Defect> {
        let wrong = |field: &str, reason: &str| {
            let field = format!("watermarks.{field}");
            Err(Defect::new(field, reason))
        };
        let is = |strategy| self.strategy == strategy;
        let is_bounded = is(WatermarkStrategy::Bounded);
        if is_bounded && self.max_out_of_orderness_ms.is_none() {
            return wrong(
                "max_out_of_orderness_ms",
                "is missing; the strategy bounded needs it",
            );
        }
        if !is_bounded && self.max_out_of_orderness_ms.is_some() {
            return wrong(
                "max_out_of_orderness_ms",
                "belongs to the strategy bounded only",
            );
        }
        if self.idle_after_ms == Some(0) {
            return wrong("idle_after_ms", "is 0; give at least 1");
        }
        if self.idle_after_ms.is_some() && is(WatermarkStrategy::Ingestion) {
            let reason = "does not go with ingestion time: the clock never stands still";
            return wrong("idle_after_ms", reason);
        }
        match &self.alignment {
            Some(_) if is(WatermarkStrategy::None) || is(WatermarkStrategy::Ingestion) => wrong(
                "alignment",
                "needs watermarks that follow from the records: bounded, monotonic or punctuated",
            ),
            Some(alignment) if alignment.group.is_empty() => {
                wrong("alignment.group", "is empty; sources find each other by it")
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Component {
    /// Asks the component what it is, in a fresh instance.
    ///
    /// # Errors
    /// It traps, goes over a limit, or answers with something that is not a manifest.
    pub fn describe(&self) -> Result<Manifest, WasmError> {
        let mut instance = self.inquiry()?;
        let document = instance.run(|guest, store| {
            let manifest = guest.wasmill_dataflow_manifest();
            manifest.call_describe(store).map(Ok)
        })?;
        parse(self.name(), "manifest", &document, check_manifest)
    }
}

pub(crate) fn check_manifest(manifest: &Manifest) -> Result<(), Defect> {
    check_version(manifest.version)?;
    check_operators(&manifest.operators)
}

#[cfg(test)]
mod tests;

//! A dead letter as a line of JSON: where and when, the error, the record in the words of its schema, and beside that the
//! record as it was, for [`super::inbox`] to take it up again.
//!
//! Invariant: a letter can be replayed if it has `replay`, which is whole or absent.

use std::collections::BTreeMap;

use connectors::row::append_json;
use connectors::schema::Schema;
use dataflow::graph::execution::Vertex;
use dataflow::ids::OperatorId;
use dataflow::port::guest_settings::DeadLetter;
use dataflow::port::operator::OperatorError;
use serde_json::{Map, Value, json};

use crate::scheduler::job::Job;
use crate::storage::blob_store::hex;

/// Bytes of JSON that are kept of a key or value; of a longer one only its length is.
pub(super) const FIELD_BYTES_MAX: usize = 64 << 10;

/// What is known of an input: schemas of its keys, if it has any, and values.
#[derive(Default)]
struct InputSchemas {
    key: Option<Schema>,
    value: Option<Schema>,
    /// See [`identity`].
    identity: String,
}

/// Writes the dead letters of one chain.
pub(super) struct Letters {
    job: String,
    chain: String,
    uids: Vec<String>,
    component: String,
    parallelism: u32,
    inputs: BTreeMap<u32, InputSchemas>,
}

impl Letters {
    /// Letters of a chain of a job.
    pub(super) fn of(job: &Job, vertex: &Vertex) -> Self {
        let component = job.component_of(vertex);
        let inputs = (0..).zip(&vertex.fragment_inputs);
        let schemas = |fed: &Vec<(OperatorId, u32)>| {
            let first = fed.first();
            let schemas = first.map(|(operator, input)| schemas_of(job, *operator, *input));
            InputSchemas {
                identity: identity(job, fed),
                ..schemas.unwrap_or_default()
            }
        };
        Self {
            job: job.graph.name.clone(),
            chain: vertex.name.clone(),
            uids: vertex.fragment.iter().map(|id| job.uid(*id)).collect(),
            component: component.map_or_else(String::new, |it| it.digest.clone()),
            parallelism: vertex.parallelism,
            inputs: inputs.map(|(input, fed)| (input, schemas(fed))).collect(),
        }
    }

    /// The line of a letter, without its end.
    pub(super) fn write(&self, letter: &DeadLetter<'_>) -> Vec<u8> {
        let unknown = InputSchemas::default();
        let schemas = self.inputs.get(&letter.input).unwrap_or(&unknown);
        let mut fields = json!({
            "at": letter.at_ms,
            "job": self.job,
            "operator": self.chain,
            "uids": self.uids,
            "subtask": letter.subtask,
            "input": letter.input,
            "component": self.component,
            "after_checkpoint": letter.after.map(|checkpoint| checkpoint.0),
            "timestamp": letter.record.timestamp(0),
            "error": error(letter.error),
        });
        if let Value::Object(fields) = &mut fields {
            field("key", schemas.key.as_ref(), letter.record.key(0), fields);
            field(
                "value",
                schemas.value.as_ref(),
                letter.record.value(0),
                fields,
            );
            if let Some(replay) = self.replay(&schemas.identity, letter) {
                fields.insert("replay".to_owned(), replay);
            }
        }
        fields.to_string().into_bytes()
    }

    /// The record as it was, unless it is too long to be kept.
    fn replay(&self, identity: &str, letter: &DeadLetter<'_>) -> Option<Value> {
        let (key, value) = (letter.record.key(0), letter.record.value(0));
        let is_whole = key.len().max(value.len()) <= FIELD_BYTES_MAX;
        is_whole.then(|| {
            json!({
                "input": identity,
                "parallelism": self.parallelism,
                "key": hex(key),
                "value": hex(value),
            })
        })
    }
}

/// The schemas of the keys and values of an input, as the plan has them.
fn schema_texts(job: &Job, operator: OperatorId, input: u32) -> (Option<&str>, Option<&str>) {
    let inputs = job.graph.operator(operator).map(|it| &it.inputs);
    let value = inputs.and_then(|inputs| inputs.get(input as usize));
    let mut edges = job.graph.edges_into(operator);
    let edge = edges.find(|edge| edge.input == input);
    let output = edge.and_then(|edge| {
        let from = job.graph.operator(edge.from)?;
        from.outputs.get(edge.output as usize)
    });
    let key = output.and_then(|output| output.key_schema.as_deref());
    (key, value.map(|input| input.schema.as_str()))
}

fn schemas_of(job: &Job, operator: OperatorId, input: u32) -> InputSchemas {
    let parse = |text: &str| Schema::parse(text).ok();
    let (key, value) = schema_texts(job, operator, input);
    InputSchemas {
        key: key.and_then(parse),
        value: value.and_then(parse),
        identity: String::new(),
    }
}

/// What an input of a chain is by the operators that it feeds and by the schemas of its records: where it is equal, the bytes
/// of a record mean the same.
pub(super) fn identity(job: &Job, fed: &[(OperatorId, u32)]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (operator, input) in fed {
        let (key, value) = schema_texts(job, *operator, *input);
        let place = (job.uid(*operator), *input, key, value);
        hasher.update(format!("{place:?}").as_bytes());
    }
    hex(&hasher.finalize().as_bytes()[..16])
}

/// Adds a field of the record: as its schema says, or in hexadecimal as `<name>_bytes` if that cannot be read.
fn field(name: &str, schema: Option<&Schema>, bytes: &[u8], into: &mut Map<String, Value>) {
    if schema.is_none() && bytes.is_empty() {
        return;
    }
    let mut text = Vec::new();
    let written = schema.is_some_and(|schema| append_json(schema, bytes, &mut text).is_ok());
    let value = written.then(|| serde_json::from_slice::<Value>(&text).ok());
    match value.flatten().filter(|_| text.len() <= FIELD_BYTES_MAX) {
        Some(value) => into.insert(name.to_owned(), value),
        None if bytes.len() <= FIELD_BYTES_MAX / 2 => {
            into.insert(format!("{name}_hex"), hex(bytes).into())
        }
        None => into.insert(format!("{name}_bytes"), bytes.len().into()),
    };
}

fn error(error: &OperatorError) -> Value {
    let mut fields = json!({ "kind": error.kind(), "message": error.to_string() });
    if let OperatorError::Trapped {
        message, frames, ..
    } = error
    {
        fields["trap"] = json!(message);
        fields["backtrace"] = json!(frames);
    }
    fields
}

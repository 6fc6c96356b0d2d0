//! A dead letter as a line of JSON: where and when, the error, and the record in the words of its schema.

use std::collections::BTreeMap;

use connectors::row::append_json;
use connectors::schema::Schema;
use dataflow::graph::execution::Vertex;
use dataflow::ids::OperatorId;
use dataflow::port::guest_settings::DeadLetter;
use dataflow::port::operator::OperatorError;
use serde_json::{Map, Value, json};

use crate::scheduler::job::Job;

/// Bytes of JSON that are kept of a key or value; of a longer one only its length is.
const FIELD_BYTES_MAX: usize = 64 << 10;

/// What is known of an input: schemas of its keys, if it has any, and values.
#[derive(Default)]
struct InputSchemas {
    key: Option<Schema>,
    value: Option<Schema>,
}

/// Writes the dead letters of one chain.
pub(super) struct Letters {
    job: String,
    chain: String,
    uids: Vec<String>,
    component: String,
    inputs: BTreeMap<u32, InputSchemas>,
}

impl Letters {
    /// Letters of a chain of a job.
    pub(super) fn of(job: &Job, vertex: &Vertex) -> Self {
        let component = job.component_of(vertex);
        let inputs = (0..).zip(&vertex.fragment_inputs);
        let schemas = |fed: &Vec<(OperatorId, u32)>| {
            fed.first()
                .map(|(operator, input)| schemas_of(job, *operator, *input))
                .unwrap_or_default()
        };
        Self {
            job: job.graph.name.clone(),
            chain: vertex.name.clone(),
            uids: vertex.fragment.iter().map(|id| job.uid(*id)).collect(),
            component: component.map_or_else(String::new, |it| it.digest.clone()),
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
        }
        fields.to_string().into_bytes()
    }
}

fn schemas_of(job: &Job, operator: OperatorId, input: u32) -> InputSchemas {
    let parse = |text: &str| Schema::parse(text).ok();
    let inputs = job.graph.operator(operator).map(|it| &it.inputs);
    let value = inputs.and_then(|inputs| inputs.get(input as usize));
    let mut edges = job.graph.edges_into(operator);
    let edge = edges.find(|edge| edge.input == input);
    let output = edge.and_then(|edge| {
        let from = job.graph.operator(edge.from)?;
        from.outputs.get(edge.output as usize)
    });
    InputSchemas {
        key: output.and_then(|output| parse(output.key_schema.as_ref()?)),
        value: value.and_then(|input| parse(&input.schema)),
    }
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
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            into.insert(format!("{name}_hex"), digits.collect::<String>().into())
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

//! Records for a rehearsal: read from a file of JSON lines, or made up from a schema.
//!
//! What is made up is a function of the schema and the number of the record: keys repeat, fields that are named like a
//! time grow, and every kind of value occurs. It is valid, and need not be sensible.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::DoctorError;

/// The first time that is made up (milliseconds since the Unix epoch), and the pause between two.
const FIRST_MS: u64 = 1_700_000_000_000;
const STEP_MS: u64 = 250;

/// Texts that are made up.
const WORDS: [&str; 7] = [
    "anna",
    "bert",
    "carla",
    "dora",
    "emil",
    "fritz",
    "Grüße, 世界",
];

/// Depth of a schema that is followed; beyond, arrays and maps are empty.
const DEPTH_MAX: u32 = 8;

/// Reads the records of a file: a JSON value a line. For texts, a line that is no JSON text is one as it stands.
///
/// # Errors
/// The file cannot be read, or a line is no JSON.
pub(super) fn read(path: &Path, schema: &Value) -> Result<Vec<Value>, DoctorError> {
    let unfit =
        |reason: String| DoctorError::Unfit(format!("--sample {}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| unfit(error.to_string()))?;
    let is_text = schema == "string";
    let mut values = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() && !is_text {
            continue;
        }
        let parsed = serde_json::from_str::<Value>(line);
        values.push(match parsed {
            Ok(value) if !is_text || value.is_string() => value,
            _ if is_text => json!(line),
            Ok(value) => value,
            Err(error) => return Err(unfit(format!("line {} is no JSON: {error}", number + 1))),
        });
    }
    Ok(values)
}

/// Makes records up.
pub(super) fn make(schema: &Value, count: u64) -> Vec<Value> {
    let mut maker = Maker::default();
    maker.learn(schema);
    (0..count)
        .map(|number| maker.value(schema, "", number, 0))
        .collect()
}

/// Makes values up; knows the types that have names.
#[derive(Default)]
struct Maker {
    named: BTreeMap<String, Value>,
}

impl Maker {
    /// A type is named where it stands first, which may be in a list that stays empty: so names are learnt before.
    fn learn(&mut self, schema: &Value) {
        let named = schema.get("name").and_then(Value::as_str);
        let kind = schema.get("type").and_then(Value::as_str);
        if let (Some(name), Some("record" | "enum" | "fixed")) = (named, kind) {
            self.named.insert(name.to_owned(), schema.clone());
        }
        match schema {
            Value::Array(parts) => parts.iter().for_each(|part| self.learn(part)),
            Value::Object(parts) => parts.values().for_each(|part| self.learn(part)),
            _ => {}
        }
    }

    fn value(&self, schema: &Value, field: &str, number: u64, depth: u32) -> Value {
        match schema {
            Value::String(name) => match self.named.get(name) {
                Some(known) if depth < DEPTH_MAX => self.value(known, field, number, depth + 1),
                _ => primitive(name, field, number),
            },
            // Every fifth value that may be null is.
            Value::Array(branches) => {
                let of_value = branches.iter().find(|branch| *branch != "null");
                match of_value {
                    Some(branch) if number % 5 != 4 && depth < DEPTH_MAX => {
                        self.value(branch, field, number, depth + 1)
                    }
                    _ => Value::Null,
                }
            }
            Value::Object(object) => self.composite(object, field, number, depth),
            _ => Value::Null,
        }
    }

    fn composite(
        &self,
        object: &Map<String, Value>,
        field: &str,
        number: u64,
        depth: u32,
    ) -> Value {
        let part = |key: &str| object.get(key).unwrap_or(&Value::Null);
        let entries = if depth < DEPTH_MAX { number % 3 } else { 0 };
        match part("type").as_str() {
            Some("record") => {
                let fields = part("fields").as_array().cloned().unwrap_or_default();
                let field = |field: &Value| {
                    let name = field.get("name")?.as_str()?.to_owned();
                    let value = self.value(field.get("type")?, &name, number, depth + 1);
                    Some((name, value))
                };
                Value::Object(fields.iter().filter_map(field).collect())
            }
            Some("array") => (0..entries)
                .map(|at| self.value(part("items"), field, number + at, depth + 1))
                .collect(),
            Some("map") => {
                let entry = |at: u64| {
                    let value = self.value(part("values"), field, number + at, depth + 1);
                    (format!("key {at}"), value)
                };
                Value::Object((0..entries).map(entry).collect())
            }
            Some("enum") => {
                let symbols = part("symbols").as_array().cloned().unwrap_or_default();
                let at = number as usize % symbols.len().max(1);
                symbols.get(at).cloned().unwrap_or(Value::Null)
            }
            Some(name) if name.starts_with("timestamp") => json!(time(number)),
            Some(_) if object.contains_key("logicalType") => json!(time(number)),
            _ => self.value(part("type"), field, number, depth + 1),
        }
    }
}

fn time(number: u64) -> u64 {
    FIRST_MS + number * STEP_MS
}

fn is_time(field: &str) -> bool {
    let field = field.to_lowercase();
    let parts = ["time", "stamp", "at_ms", "date"];
    parts.iter().any(|part| field.contains(part)) || ["at", "ts", "ms"].contains(&field.as_str())
}

fn primitive(name: &str, field: &str, number: u64) -> Value {
    match name {
        "boolean" => json!(number.is_multiple_of(2)),
        "long" if is_time(field) => json!(time(number)),
        "int" | "long" => json!(number * 7 % 23),
        "float" | "double" => json!(number as f64 / 4.0),
        "string" => json!(WORDS[number as usize * 5 % WORDS.len()]),
        "bytes" => json!("\u{1}\u{2}"),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests;

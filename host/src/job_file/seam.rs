//! Whether the schemas on the two sides of a seam fit, where two components, or a connector and a component, meet.
//!
//! Fields must agree in name, type and order. The names of records, enums and fixed types are each author's own: a
//! `Token` is a `Word` if it has the same fields. What a connector gives only has to be laid out alike, as everywhere
//! else: its field names are nobody's choice.

use serde_json::{Map, Value, json};

/// Keys of a schema that say nothing about its values.
const DECORATION: [&str; 6] = [
    "doc",
    "name",
    "namespace",
    "aliases",
    "default",
    "logicalType",
];

/// Whether records of one schema (JSON text) can be taken as records of the other.
pub(super) fn fits(gives: &str, takes: &str, from_connector: bool) -> bool {
    let read = |text: &str| {
        let schema = serde_json::from_str::<Value>(text).ok()?;
        Some(Reader::new(from_connector).schema(&schema))
    };
    gives == takes || (read(gives).is_some() && read(gives) == read(takes))
}

/// Brings schemas into a form in which equal means alike.
struct Reader {
    /// Names of the types defined so far, in order: a reference becomes its number.
    defined: Vec<String>,
    ignore_field_names: bool,
}

impl Reader {
    fn new(ignore_field_names: bool) -> Self {
        Self {
            defined: Vec::new(),
            ignore_field_names,
        }
    }

    fn schema(&mut self, schema: &Value) -> Value {
        match schema {
            Value::String(name) => {
                let known = self.defined.iter().position(|defined| defined == name);
                known.map_or_else(|| schema.clone(), |number| json!({ "defined": number }))
            }
            Value::Array(branches) => {
                Value::Array(branches.iter().map(|branch| self.schema(branch)).collect())
            }
            Value::Object(object) => self.object(object),
            other => other.clone(),
        }
    }

    fn object(&mut self, object: &Map<String, Value>) -> Value {
        let named = matches!(
            object.get("type").and_then(Value::as_str),
            Some("record" | "error" | "enum" | "fixed")
        );
        if named && let Some(name) = object.get("name").and_then(Value::as_str) {
            self.defined.push(name.to_owned());
        }
        let mut kept = Map::new();
        for (key, value) in object {
            match key.as_str() {
                "fields" => {
                    let fields = value.as_array().map_or(&[][..], Vec::as_slice);
                    let fields = fields.iter().map(|field| self.field(field)).collect();
                    kept.insert(key.clone(), Value::Array(fields));
                }
                "type" | "items" | "values" => {
                    let schema = self.schema(value);
                    kept.insert(key.clone(), schema);
                }
                key if DECORATION.contains(&key) => {}
                _ => {
                    kept.insert(key.clone(), value.clone());
                }
            }
        }
        match kept.get("type") {
            Some(Value::String(primitive)) if kept.len() == 1 => json!(primitive),
            _ => Value::Object(kept),
        }
    }

    fn field(&mut self, field: &Value) -> Value {
        let schema = field.get("type").map_or(Value::Null, |it| self.schema(it));
        if self.ignore_field_names {
            return schema;
        }
        json!([field.get("name"), schema])
    }
}

#[cfg(test)]
mod tests;

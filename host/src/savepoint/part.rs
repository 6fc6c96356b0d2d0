//! One part of a state entry, such as its key or its value: bytes in a backend, a typed value in an Avro file, JSON for
//! people.
//!
//! Keeps: nothing is lost. Bytes that are not the one form of a value of their schema (a guest may write anything) are
//! carried as the record `raw`, and come back as they were.

use apache_avro::types::Value;
use connectors::schema::Schema as RowSchema;
use serde_json::{Value as Json, json};

use super::avro_type::{Type, physical};
use super::row_value;

/// How the bytes follow from the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As a row.
    Row,
    /// As a sub-key of a map: ordered as its bytes are.
    SubKey,
    /// As a timer: when, and what for.
    Timer,
}

/// A part and its schema.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    coding: Coding,
    /// Absent if the schema is unknown or rows cannot encode it.
    ty: Option<Type>,
    /// For JSON.
    row: Option<RowSchema>,
    /// In an entry's schema.
    schema: Json,
}

impl Part {
    /// A part of this schema; `place` keeps its named types apart from those of other parts.
    pub(crate) fn new(schema: Option<&Json>, coding: Coding, place: &str) -> Self {
        let ty = schema.and_then(|schema| Type::of(schema).ok());
        // Plain bytes need no second form.
        let ty = ty.filter(|ty| *ty != Type::Bytes);
        let ty = ty.filter(|ty| coding != Coding::SubKey || is_sub_key(ty));
        let row = schema.and_then(|schema| RowSchema::from_json(schema).ok());
        let avro = match (&ty, schema) {
            (Some(_), Some(schema)) => with_raw(&qualified(&physical(schema), place), place),
            _ => json!("bytes"),
        };
        Self {
            coding,
            ty,
            row,
            schema: avro,
        }
    }

    /// The sub-key of a timer.
    pub(crate) fn timer() -> Self {
        let schema = json!({
            "type": "record", "name": "timer",
            "fields": [{ "name": "time_ms", "type": "long" }, { "name": "namespace", "type": "bytes" }],
        });
        Self::new(Some(&schema), Coding::Timer, "timer")
    }

    /// Its schema in an entry.
    pub(crate) fn schema(&self) -> &Json {
        &self.schema
    }

    /// Its type, if it is known.
    pub(crate) fn ty(&self) -> Option<&Type> {
        self.ty.as_ref()
    }

    /// The typed value of these bytes, or the bytes themselves.
    pub(crate) fn read(&self, bytes: &[u8]) -> Value {
        let Some(ty) = &self.ty else {
            return Value::Bytes(bytes.to_vec());
        };
        let typed = self.decode(ty, bytes).filter(|value| {
            let mut again = Vec::with_capacity(bytes.len());
            self.encode(ty, value, &mut again).is_some() && again == bytes
        });
        match (typed, ty) {
            (Some(value @ Value::Union(..)), Type::Union(_)) => value,
            (Some(value), _) => Value::Union(0, Box::new(value)),
            (None, _) => {
                let raw = vec![("bytes".to_owned(), Value::Bytes(bytes.to_vec()))];
                Value::Union(self.raw_branch(ty), Box::new(Value::Record(raw)))
            }
        }
    }

    /// The bytes of a value; `None` if it is none of this part.
    pub(crate) fn write(&self, value: &Value) -> Option<Vec<u8>> {
        let Some(ty) = &self.ty else {
            let Value::Bytes(bytes) = value else {
                return None;
            };
            return Some(bytes.clone());
        };
        let Value::Union(index, inner) = value else {
            return None;
        };
        if *index == self.raw_branch(ty) {
            let Value::Record(fields) = &**inner else {
                return None;
            };
            let [(_, Value::Bytes(bytes))] = &fields[..] else {
                return None;
            };
            return Some(bytes.clone());
        }
        let mut bytes = Vec::new();
        let typed = match ty {
            Type::Union(_) => value,
            _ => inner,
        };
        self.encode(ty, typed, &mut bytes)?;
        Some(bytes)
    }

    /// The branch behind those of the schema.
    fn raw_branch(&self, ty: &Type) -> u32 {
        match ty {
            Type::Union(branches) => branches.len() as u32,
            _ => 1,
        }
    }

    fn decode(&self, ty: &Type, bytes: &[u8]) -> Option<Value> {
        match self.coding {
            Coding::Row => row_value::read(ty, bytes),
            Coding::SubKey => read_sub_key(ty, bytes),
            Coding::Timer => {
                let (time, namespace) = dataflow::time::timer::parse_timer_sub_key(bytes)?;
                Some(Value::Record(vec![
                    ("time_ms".to_owned(), Value::Long(time)),
                    ("namespace".to_owned(), Value::Bytes(namespace.to_vec())),
                ]))
            }
        }
    }

    fn encode(&self, ty: &Type, value: &Value, out: &mut Vec<u8>) -> Option<()> {
        match (self.coding, value) {
            (Coding::Row, _) => row_value::write(ty, value, out),
            (Coding::SubKey, _) => write_sub_key(value, out),
            (Coding::Timer, Value::Record(fields)) => {
                let [(_, Value::Long(time)), (_, Value::Bytes(namespace))] = &fields[..] else {
                    return None;
                };
                dataflow::time::timer::timer_sub_key(*time, namespace, out);
                Some(())
            }
            (Coding::Timer, _) => None,
        }
    }

    /// The bytes as JSON for people; what is not of the schema as `{"raw": "hexadecimal"}`.
    pub(crate) fn to_json(&self, bytes: &[u8]) -> Json {
        let typed = match (self.coding, &self.row, &self.ty) {
            (Coding::Row, Some(row), _) => {
                let mut text = Vec::new();
                let told = connectors::row::append_json(row, bytes, &mut text).ok();
                told.and_then(|()| serde_json::from_slice(&text).ok())
            }
            (Coding::SubKey | Coding::Timer, _, Some(ty)) => {
                self.decode(ty, bytes).and_then(|value| plain_json(&value))
            }
            _ => None,
        };
        typed.unwrap_or_else(|| json!({ "raw": crate::storage::blob_store::hex(bytes) }))
    }

    /// The bytes of a value that somebody wrote as JSON.
    ///
    /// # Errors
    /// It does not fit the schema; a text for the user.
    pub(crate) fn of_json(&self, value: &Json) -> Result<Vec<u8>, String> {
        let row = self.row.as_ref().ok_or("its schema is not known")?;
        let mut bytes = Vec::new();
        connectors::row::encode(row, value, &mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}

/// The types a sub-key may have: an integer, two of them, text.
fn is_sub_key(ty: &Type) -> bool {
    match ty {
        Type::Int | Type::Long | Type::String => true,
        Type::Record(record) => {
            let integer = |ty: &Type| matches!(ty, Type::Int | Type::Long);
            record.fields.len() == 2 && record.fields.iter().all(|it| integer(&it.value))
        }
        _ => false,
    }
}

fn read_sub_key(ty: &Type, bytes: &[u8]) -> Option<Value> {
    let number = |bytes: &[u8]| {
        let bytes = <[u8; 8]>::try_from(bytes).ok()?;
        Some(i64::from_be_bytes(bytes) ^ i64::MIN)
    };
    Some(match ty {
        Type::String => Value::String(String::from_utf8(bytes.to_vec()).ok()?),
        Type::Long => Value::Long(number(bytes)?),
        Type::Int => Value::Int(i32::try_from(number(bytes)?).ok()?),
        Type::Record(record) => {
            let (first, second) = bytes.split_at_checked(8)?;
            let fields = record.fields.iter().zip([first, second]);
            let field = |(field, bytes): (&super::avro_type::FieldType, &[u8])| {
                Some((field.name.clone(), read_sub_key(&field.value, bytes)?))
            };
            Value::Record(fields.map(field).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn write_sub_key(value: &Value, out: &mut Vec<u8>) -> Option<()> {
    let ordered = |number: i64| (number ^ i64::MIN).to_be_bytes();
    match value {
        Value::String(text) => out.extend_from_slice(text.as_bytes()),
        Value::Long(number) => out.extend_from_slice(&ordered(*number)),
        Value::Int(number) => out.extend_from_slice(&ordered(i64::from(*number))),
        Value::Record(fields) => {
            for (_, field) in fields {
                write_sub_key(field, out)?;
            }
        }
        _ => return None,
    }
    Some(())
}

fn plain_json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::String(text) => json!(text),
        Value::Long(number) => json!(number),
        Value::Int(number) => json!(number),
        Value::Bytes(bytes) => json!(crate::storage::blob_store::hex(bytes)),
        Value::Record(fields) => {
            let field = |(name, value): &(String, Value)| Some((name.clone(), plain_json(value)?));
            Json::Object(fields.iter().map(field).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// The schema, or bytes that are not of it.
fn with_raw(schema: &Json, place: &str) -> Json {
    let raw = json!({
        "type": "record", "name": "raw", "namespace": format!("wasmill.{place}"),
        "doc": "bytes that are no value of the schema",
        "fields": [{ "name": "bytes", "type": "bytes" }],
    });
    match schema {
        Json::Array(branches) => {
            let mut branches = branches.clone();
            branches.push(raw);
            Json::Array(branches)
        }
        one => json!([one, raw]),
    }
}

/// Moves the named types of a schema into a namespace of the place, so that several schemas can be put into one.
fn qualified(schema: &Json, place: &str) -> Json {
    let mut defined = Vec::new();
    qualify(schema, &format!("wasmill.{place}"), "", &mut defined)
}

fn full_name(name: &str, space: &str) -> String {
    if name.contains('.') || space.is_empty() {
        name.to_owned()
    } else {
        format!("{space}.{name}")
    }
}

fn qualify(schema: &Json, root: &str, space: &str, defined: &mut Vec<String>) -> Json {
    match schema {
        Json::String(name) => {
            let full = full_name(name, space);
            let known = defined.contains(&full).then_some(full);
            let known = known.or_else(|| defined.contains(name).then(|| name.clone()));
            known.map_or_else(|| schema.clone(), |full| json!(format!("{root}.{full}")))
        }
        Json::Array(branches) => {
            let branches = branches.iter();
            Json::Array(
                branches
                    .map(|it| qualify(it, root, space, defined))
                    .collect(),
            )
        }
        Json::Object(object) => {
            let mut object = object.clone();
            let mut inner = space.to_owned();
            if let Some(Json::String(name)) = object.get("name").cloned()
                && object.contains_key("type")
            {
                let own = object.get("namespace").and_then(Json::as_str);
                let full = full_name(&name, own.unwrap_or(space));
                let (parent, _) = full.rsplit_once('.').unwrap_or_default();
                parent.clone_into(&mut inner);
                object.insert("name".to_owned(), json!(format!("{root}.{full}")));
                object.remove("namespace");
                object.remove("aliases");
                defined.push(full);
            }
            for key in ["type", "items", "values"] {
                if let Some(part) = object.get(key) {
                    let part = qualify(part, root, &inner, defined);
                    object.insert(key.to_owned(), part);
                }
            }
            if let Some(Json::Array(fields)) = object.get("fields").cloned() {
                let field = |field: Json| match field {
                    Json::Object(mut field) => {
                        if let Some(ty) = field.get("type") {
                            let ty = qualify(ty, root, &inner, defined);
                            field.insert("type".to_owned(), ty);
                        }
                        Json::Object(field)
                    }
                    other => other,
                };
                let fields = fields.into_iter().map(field).collect();
                object.insert("fields".to_owned(), Json::Array(fields));
            }
            Json::Object(object)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;

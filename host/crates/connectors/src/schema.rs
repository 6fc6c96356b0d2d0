//! Avro schemas as far as values are encoded by them: see `wit/ENCODING.md`.
//!
//! Keeps: a schema that parses can be encoded, decoded and hashed, and its nesting is bounded, so that code that walks
//! it may recurse. Logical types, defaults, aliases and documentation are ignored; recursive types are refused, since
//! the row layout has no end for them. It is not schema resolution.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::EncodingError;

/// Levels of nesting a schema may have.
pub const SCHEMA_DEPTH_MAX: usize = 64;

/// A schema; cheap to clone.
#[derive(Clone, Debug)]
pub enum Schema {
    /// Nothing.
    Null,
    /// True or false.
    Boolean,
    /// 32 bits, signed.
    Int,
    /// 64 bits, signed.
    Long,
    /// 32 bits, IEEE 754.
    Float,
    /// 64 bits, IEEE 754.
    Double,
    /// UTF-8 text.
    String,
    /// Any bytes.
    Bytes,
    /// So many bytes.
    Fixed(usize),
    /// One of these symbols.
    Enum(Arc<[String]>),
    /// Values of one schema.
    Array(Arc<Schema>),
    /// Values by text key, as records of `key` and `value`.
    Map(Arc<RecordSchema>),
    /// `null` or one other schema.
    Nullable(Arc<Schema>),
    /// Any other union; the names of the branches beside them.
    Union(Arc<[(String, Schema)]>),
    /// Named fields.
    Record(Arc<RecordSchema>),
}

/// A record and the layout that follows from its fields.
#[derive(Debug)]
pub struct RecordSchema {
    /// Its name.
    pub name: String,
    /// Its fields in order.
    pub fields: Vec<Field>,
    /// 8-byte words of null bits before the slots.
    pub null_words: usize,
}

/// A field of a record.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its schema; of a nullable field the one beside `null`.
    pub schema: Schema,
    /// Which bit of the null words tells that it is null.
    pub null_bit: Option<usize>,
}

impl RecordSchema {
    /// Offset of the slot of field `index`, in bytes from the start of the record.
    pub fn slot(&self, index: usize) -> usize {
        (self.null_words + index) * 8
    }

    /// Bytes of null words and slots: where the variable parts begin.
    pub fn head_bytes(&self) -> usize {
        self.slot(self.fields.len())
    }

    /// Whether all values have one width, which then is [`RecordSchema::head_bytes`].
    pub fn is_fixed_width(&self) -> bool {
        self.null_words == 0 && self.fields.iter().all(|f| f.schema.is_fixed_width())
    }

    fn from_fields(name: String, fields: Vec<(String, Schema)>) -> Self {
        let mut nullable = 0;
        let fields = fields
            .into_iter()
            .map(|(name, schema)| match schema {
                Schema::Nullable(inner) => {
                    nullable += 1;
                    Field {
                        name,
                        schema: (*inner).clone(),
                        null_bit: Some(nullable - 1),
                    }
                }
                schema => Field {
                    name,
                    schema,
                    null_bit: None,
                },
            })
            .collect();
        Self {
            name,
            fields,
            null_words: nullable.div_ceil(64),
        }
    }
}

impl Schema {
    /// Reads a schema from its JSON text.
    ///
    /// # Errors
    /// The text is not JSON, or not a schema of the subset.
    pub fn parse(text: &str) -> Result<Self, EncodingError> {
        let json: Value = serde_json::from_str(text)
            .map_err(|error| EncodingError::schema(format!("is not JSON: {error}")))?;
        Self::from_json(&json)
    }

    /// Reads a schema from its JSON form.
    ///
    /// # Errors
    /// It is not a schema of the subset.
    pub fn from_json(json: &Value) -> Result<Self, EncodingError> {
        Parser::default().schema(json, "", 0)
    }

    /// Whether a slot holds the value itself.
    pub fn is_fixed_width(&self) -> bool {
        matches!(
            self,
            Self::Boolean | Self::Int | Self::Long | Self::Float | Self::Double | Self::Enum(_)
        )
    }

    /// What messages call it, and how a branch of a union is tagged in JSON.
    pub fn name(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Fixed(_) => "fixed",
            Self::Enum(_) => "enum",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Nullable(_) | Self::Union(_) => "union",
            Self::Record(record) => &record.name,
        }
    }
}

/// Named types seen so far; `None` while a type is being read, so that recursion is noticed.
#[derive(Default)]
struct Parser {
    named: BTreeMap<String, Option<Schema>>,
}

impl Parser {
    fn schema(
        &mut self,
        json: &Value,
        namespace: &str,
        depth: usize,
    ) -> Result<Schema, EncodingError> {
        if depth > SCHEMA_DEPTH_MAX {
            return Err(EncodingError::schema(format!(
                "is nested more than {SCHEMA_DEPTH_MAX} levels deep"
            )));
        }
        match json {
            Value::String(name) => self.name(name, namespace),
            Value::Array(branches) => self.union(branches, namespace, depth),
            Value::Object(object) => self.object(object, namespace, depth),
            Value::Null | Value::Bool(_) | Value::Number(_) => Err(EncodingError::schema(
                "must be a type name, an object with `type`, or an array of union branches",
            )),
        }
    }

    fn name(&self, name: &str, namespace: &str) -> Result<Schema, EncodingError> {
        Ok(match name {
            "null" => Schema::Null,
            "boolean" => Schema::Boolean,
            "int" => Schema::Int,
            "long" => Schema::Long,
            "float" => Schema::Float,
            "double" => Schema::Double,
            "string" => Schema::String,
            "bytes" => Schema::Bytes,
            _ => {
                let qualified = format!("{namespace}.{name}");
                let found = self.named.get(&qualified).or_else(|| self.named.get(name));
                match found {
                    Some(Some(schema)) => schema.clone(),
                    Some(None) => {
                        return Err(EncodingError::schema(format!(
                            "type `{name}` contains itself, which rows cannot encode"
                        )));
                    }
                    None => {
                        return Err(EncodingError::schema(format!(
                            "there is no type `{name}`; it must be defined before it is used"
                        )));
                    }
                }
            }
        })
    }

    fn union(
        &mut self,
        branches: &[Value],
        namespace: &str,
        depth: usize,
    ) -> Result<Schema, EncodingError> {
        let mut parsed: Vec<(String, Schema)> = Vec::with_capacity(branches.len());
        for (index, branch) in branches.iter().enumerate() {
            let schema = self
                .schema(branch, namespace, depth + 1)
                .map_err(|error| error.within(index))?;
            if matches!(schema, Schema::Union(_) | Schema::Nullable(_)) {
                return Err(EncodingError::schema("a union must not contain a union"));
            }
            let name = branch
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_else(|| schema.name())
                .to_owned();
            if parsed.iter().any(|(other, _)| *other == name) {
                return Err(EncodingError::schema(format!(
                    "a union must not have two branches `{name}`"
                )));
            }
            parsed.push((name, schema));
        }
        if parsed.is_empty() {
            return Err(EncodingError::schema("a union needs at least one branch"));
        }
        if let [(_, a), (_, b)] = parsed.as_slice() {
            match (a, b) {
                (Schema::Null, other) | (other, Schema::Null) => {
                    return Ok(Schema::Nullable(Arc::new(other.clone())));
                }
                _ => {}
            }
        }
        Ok(Schema::Union(parsed.into()))
    }

    fn object(
        &mut self,
        object: &Map<String, Value>,
        namespace: &str,
        depth: usize,
    ) -> Result<Schema, EncodingError> {
        let kind = object
            .get("type")
            .ok_or_else(|| EncodingError::schema("an object needs the key `type`"))?;
        let Value::String(kind) = kind else {
            return self.schema(kind, namespace, depth + 1);
        };
        match kind.as_str() {
            "array" => {
                let items = key(object, "items", kind)?;
                let items = self
                    .schema(items, namespace, depth + 1)
                    .map_err(|error| error.within("items"))?;
                Ok(Schema::Array(Arc::new(items)))
            }
            "map" => {
                let values = key(object, "values", kind)?;
                let values = self
                    .schema(values, namespace, depth + 1)
                    .map_err(|error| error.within("values"))?;
                let fields = vec![
                    ("key".to_owned(), Schema::String),
                    ("value".to_owned(), values),
                ];
                let entry = RecordSchema::from_fields("map entry".to_owned(), fields);
                Ok(Schema::Map(Arc::new(entry)))
            }
            "record" | "error" | "enum" | "fixed" => self.named(object, kind, namespace, depth),
            primitive => self.name(primitive, namespace),
        }
    }

    fn named(
        &mut self,
        object: &Map<String, Value>,
        kind: &str,
        namespace: &str,
        depth: usize,
    ) -> Result<Schema, EncodingError> {
        let Some(name) = key(object, "name", kind)?.as_str() else {
            return Err(EncodingError::schema(format!(
                "the name of a {kind} is no text"
            )));
        };
        let own = object.get("namespace").and_then(Value::as_str);
        let (namespace, short) = match name.rsplit_once('.') {
            Some((space, short)) => (space.to_owned(), short),
            None => (own.unwrap_or(namespace).to_owned(), name),
        };
        let names = [short.to_owned(), format!("{namespace}.{short}")];
        for name in &names {
            self.named.insert(name.clone(), None);
        }
        let schema = match kind {
            "enum" => Schema::Enum(symbols(object)?),
            "fixed" => {
                let size = key(object, "size", kind)?.as_u64();
                let size = size.and_then(|size| u32::try_from(size).ok());
                Schema::Fixed(
                    size.ok_or_else(|| EncodingError::schema("the size of a fixed is no size"))?
                        as usize,
                )
            }
            _ => Schema::Record(Arc::new(self.record(object, short, &namespace, depth)?)),
        };
        for name in names {
            self.named.insert(name, Some(schema.clone()));
        }
        Ok(schema)
    }

    fn record(
        &mut self,
        object: &Map<String, Value>,
        name: &str,
        namespace: &str,
        depth: usize,
    ) -> Result<RecordSchema, EncodingError> {
        let Value::Array(list) = key(object, "fields", "record")? else {
            return Err(EncodingError::schema(format!(
                "the fields of record `{name}` are no array"
            )));
        };
        let mut fields: Vec<(String, Schema)> = Vec::with_capacity(list.len());
        for (index, field) in list.iter().enumerate() {
            let Some(field_name) = field.get("name").and_then(Value::as_str) else {
                return Err(EncodingError::schema("a field needs a `name`").within(index));
            };
            if fields.iter().any(|(other, _)| other == field_name) {
                return Err(
                    EncodingError::schema("there are two fields of this name").within(field_name)
                );
            }
            let Some(kind) = field.get("type") else {
                return Err(EncodingError::schema("a field needs a `type`").within(field_name));
            };
            let schema = self
                .schema(kind, namespace, depth + 1)
                .map_err(|error| error.within(field_name))?;
            fields.push((field_name.to_owned(), schema));
        }
        Ok(RecordSchema::from_fields(name.to_owned(), fields))
    }
}

fn key<'a>(
    object: &'a Map<String, Value>,
    key: &str,
    kind: &str,
) -> Result<&'a Value, EncodingError> {
    object
        .get(key)
        .ok_or_else(|| EncodingError::schema(format!("{kind} needs the key `{key}`")))
}

fn symbols(object: &Map<String, Value>) -> Result<Arc<[String]>, EncodingError> {
    let symbols = key(object, "symbols", "enum")?.as_array();
    let symbols: Option<Vec<String>> = symbols.and_then(|list| {
        list.iter()
            .map(|symbol| symbol.as_str().map(str::to_owned))
            .collect()
    });
    match symbols {
        Some(symbols) if !symbols.is_empty() => Ok(symbols.into()),
        _ => Err(EncodingError::schema(
            "the symbols of an enum must be a non-empty array of texts",
        )),
    }
}

#[cfg(test)]
mod tests;

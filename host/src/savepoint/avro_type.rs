//! A value's type as its Avro schema says it, with everything that schema resolution needs: names, aliases, defaults.
//!
//! Keeps: a type has no cycles, since rows cannot encode any, and is at most [`SCHEMA_DEPTH_MAX`] levels deep, so code
//! that walks it may recurse. It does not know how values are laid out; `row_value` does.

use std::collections::BTreeMap;
use std::sync::Arc;

use apache_avro::Schema;
use apache_avro::schema::{Name, UnionSchema};
use connectors::schema::SCHEMA_DEPTH_MAX;
use serde_json::Value as Json;

/// A type; cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
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
    /// Any bytes.
    Bytes,
    /// UTF-8 text.
    String,
    /// So many bytes.
    Fixed(usize),
    /// One of some symbols.
    Enum(Arc<EnumType>),
    /// Values of one type.
    Array(Arc<Type>),
    /// Values by text key.
    Map(Arc<Type>),
    /// One of several types.
    Union(Arc<[Type]>),
    /// Named fields.
    Record(Arc<RecordType>),
}

/// An enumeration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EnumType {
    /// Its name without a namespace.
    pub(crate) name: String,
    /// Its symbols in order.
    pub(crate) symbols: Vec<String>,
    /// The symbol that stands for those it does not know.
    pub(crate) default: Option<String>,
}

/// A record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RecordType {
    /// Its name without a namespace.
    pub(crate) name: String,
    /// Its fields in order.
    pub(crate) fields: Vec<FieldType>,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldType {
    /// Its name.
    pub(crate) name: String,
    /// Names it had before.
    pub(crate) aliases: Vec<String>,
    /// Its value where none was written.
    pub(crate) default: Option<Json>,
    /// The type of its values.
    pub(crate) value: Type,
}

impl Type {
    /// The type that a schema (JSON) describes.
    ///
    /// # Errors
    /// It is no schema, or one that rows cannot encode; a text for the user.
    pub(crate) fn of(schema: &Json) -> Result<Self, String> {
        let parsed = Schema::parse(&physical(schema)).map_err(|error| error.to_string())?;
        Builder::default().build(&parsed, 0)
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Fixed(_) => "fixed",
            Self::Enum(it) => &it.name,
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Union(_) => "union",
            Self::Record(it) => &it.name,
        }
    }

    /// Whether values of both have the same meaning and the same bytes. Names of records and enumerations are each
    /// author's own; names of fields and symbols are not.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Enum(a), Self::Enum(b)) => a.symbols == b.symbols,
            (Self::Array(a), Self::Array(b)) | (Self::Map(a), Self::Map(b)) => a.is_same(b),
            (Self::Union(a), Self::Union(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.is_same(b))
            }
            (Self::Record(a), Self::Record(b)) => {
                let same = |(a, b): (&FieldType, &FieldType)| {
                    a.name == b.name && a.value.is_same(&b.value)
                };
                a.fields.len() == b.fields.len() && a.fields.iter().zip(&b.fields).all(same)
            }
            _ => self == other,
        }
    }

    /// Where `null` is in a union of `null` and one other type, which comes first.
    pub(crate) fn nullable(&self) -> Option<(&Self, usize)> {
        match self {
            Self::Union(branches) => match &branches[..] {
                [Self::Null, Self::Null] => None,
                [Self::Null, other] => Some((other, 0)),
                [other, Self::Null] => Some((other, 1)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a slot holds the value itself.
    pub(crate) fn is_inline(&self) -> bool {
        matches!(
            self,
            Self::Boolean | Self::Int | Self::Long | Self::Float | Self::Double | Self::Enum(_)
        )
    }
}

/// The schema without logical types that change how a value is written down; times stay, they are plain numbers.
pub(crate) fn physical(schema: &Json) -> Json {
    match schema {
        Json::Object(object) => {
            let is_time = |kind: &Json| {
                let kind = kind.as_str().unwrap_or_default();
                kind == "date" || kind.contains("time")
            };
            let kept = object
                .iter()
                .filter(|(key, value)| *key != "logicalType" || is_time(value));
            let inner = |(key, value): (&String, &Json)| {
                let value = if key == "default" {
                    value.clone()
                } else {
                    physical(value)
                };
                (key.clone(), value)
            };
            Json::Object(kept.map(inner).collect())
        }
        Json::Array(list) => Json::Array(list.iter().map(physical).collect()),
        other => other.clone(),
    }
}

/// Turns schemas into types, putting named types where they are referred to.
#[derive(Default)]
struct Builder {
    named: BTreeMap<String, Option<Type>>,
}

impl Builder {
    fn build(&mut self, schema: &Schema, depth: usize) -> Result<Type, String> {
        if depth > SCHEMA_DEPTH_MAX {
            return Err(format!("nested more than {SCHEMA_DEPTH_MAX} levels deep"));
        }
        Ok(match schema {
            Schema::Null => Type::Null,
            Schema::Boolean => Type::Boolean,
            Schema::Int | Schema::Date | Schema::TimeMillis => Type::Int,
            Schema::Long
            | Schema::TimeMicros
            | Schema::TimestampMillis
            | Schema::TimestampMicros
            | Schema::TimestampNanos
            | Schema::LocalTimestampMillis
            | Schema::LocalTimestampMicros
            | Schema::LocalTimestampNanos => Type::Long,
            Schema::Float => Type::Float,
            Schema::Double => Type::Double,
            Schema::Bytes => Type::Bytes,
            Schema::String => Type::String,
            Schema::Array(array) => Type::Array(Arc::new(self.build(&array.items, depth + 1)?)),
            Schema::Map(map) => Type::Map(Arc::new(self.build(&map.types, depth + 1)?)),
            Schema::Union(union) => self.union(union, depth)?,
            Schema::Fixed(fixed) => {
                let built = Type::Fixed(fixed.size);
                self.define(&fixed.name, built)
            }
            Schema::Enum(it) => {
                let built = Type::Enum(Arc::new(EnumType {
                    name: it.name.name().to_owned(),
                    symbols: it.symbols.clone(),
                    default: it.default.clone(),
                }));
                self.define(&it.name, built)
            }
            Schema::Record(record) => {
                self.named.insert(record.name.fullname(None), None);
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in &record.fields {
                    fields.push(FieldType {
                        name: field.name.clone(),
                        aliases: field.aliases.clone(),
                        default: field.default.clone(),
                        value: self.build(&field.schema, depth + 1)?,
                    });
                }
                let name = record.name.name().to_owned();
                let built = Type::Record(Arc::new(RecordType { name, fields }));
                self.define(&record.name, built)
            }
            Schema::Ref { name } => self.referred(name)?,
            Schema::Decimal(_) | Schema::BigDecimal | Schema::Uuid(_) | Schema::Duration(_) => {
                return Err("a logical type that rows do not know".to_owned());
            }
        })
    }

    fn union(&mut self, union: &UnionSchema, depth: usize) -> Result<Type, String> {
        let branches = union.variants().iter();
        let branches: Result<Vec<Type>, String> = branches
            .map(|branch| self.build(branch, depth + 1))
            .collect();
        Ok(Type::Union(branches?.into()))
    }

    fn define(&mut self, name: &Name, built: Type) -> Type {
        self.named.insert(name.fullname(None), Some(built.clone()));
        built
    }

    fn referred(&self, name: &Name) -> Result<Type, String> {
        let name = name.fullname(None);
        match self.named.get(&name) {
            Some(Some(built)) => Ok(built.clone()),
            Some(None) => Err(format!(
                "type {name} contains itself, which rows cannot encode"
            )),
            None => Err(format!("there is no type {name}")),
        }
    }
}

#[cfg(test)]
mod tests;

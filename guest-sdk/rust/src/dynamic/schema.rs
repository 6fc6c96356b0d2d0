//! [`RowSchema`]: an Avro schema, looked through once, with the place of every field in the row.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value as Json, json};

use super::read::{slot_of, whole};
use super::{Dynamic, RowBuilder, Value};
use crate::error::Error;
use crate::row::SchemaNames;

/// How deep a schema may nest.
const DEPTH_MAX: usize = 64;

/// The type of a value, from an Avro schema.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// `null`.
    Null,
    /// `boolean`.
    Boolean,
    /// `int`.
    Int,
    /// `long`.
    Long,
    /// `float`.
    Float,
    /// `double`.
    Double,
    /// `string`.
    Text,
    /// `bytes`.
    Bytes,
    /// `fixed` of this many bytes.
    Fixed(String, usize),
    /// `enum` with its name and symbols.
    Enum(Rc<(String, Vec<String>)>),
    /// `array`.
    Array(Rc<Type>),
    /// `map` of this type of values.
    Map(Rc<Type>),
    /// A union of `null` and one type.
    Optional(Rc<Type>),
    /// Any other union.
    Union(Rc<[Type]>),
    /// `record`.
    Record(Rc<Layout>),
}

impl Type {
    /// Whether a slot holds the value itself.
    pub(super) fn is_inline(&self) -> bool {
        matches!(
            self,
            Self::Boolean | Self::Int | Self::Long | Self::Float | Self::Double | Self::Enum(_)
        )
    }

    /// The Avro schema.
    pub fn to_json(&self) -> Json {
        self.json(&mut SchemaNames::default())
    }

    fn json(&self, names: &mut SchemaNames) -> Json {
        match self {
            Self::Null => json!("null"),
            Self::Boolean => json!("boolean"),
            Self::Int => json!("int"),
            Self::Long => json!("long"),
            Self::Float => json!("float"),
            Self::Double => json!("double"),
            Self::Text => json!("string"),
            Self::Bytes => json!("bytes"),
            Self::Fixed(name, size) => names.define(
                name.clone(),
                |_| json!({ "type": "fixed", "name": name, "size": size }),
            ),
            Self::Enum(of) => names.define(
                of.0.clone(),
                |_| json!({ "type": "enum", "name": of.0, "symbols": of.1 }),
            ),
            Self::Array(items) => json!({ "type": "array", "items": items.json(names) }),
            Self::Map(values) => json!({ "type": "map", "values": values.json(names) }),
            Self::Optional(inner) => json!(["null", inner.json(names)]),
            Self::Union(branches) => branches.iter().map(|it| it.json(names)).collect(),
            Self::Record(layout) => names.define(layout.name.clone(), |names| {
                let fields = layout.fields.iter().map(|field| {
                    let kind = field.declared().json(names);
                    json!({ "name": &*field.name, "type": kind })
                });
                let fields: Vec<Json> = fields.collect();
                json!({ "type": "record", "name": layout.name, "fields": fields })
            }),
        }
    }
}

/// The fields of a record and their places.
#[derive(Debug, PartialEq)]
pub struct Layout {
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
    pub(super) null_words: usize,
}

impl Layout {
    fn new(name: String, fields: Vec<(String, Type)>) -> Self {
        let nullable = fields
            .iter()
            .filter(|(_, kind)| matches!(kind, Type::Optional(_)));
        let null_words = nullable.count().div_ceil(64);
        let mut null_bits = 0..;
        let place = |(index, (name, kind)): (usize, (String, Type))| {
            let (kind, null_bit) = match kind {
                Type::Optional(inner) => ((*inner).clone(), null_bits.next()),
                kind => (kind, None),
            };
            Field {
                name: name.into(),
                index,
                slot: 8 * (null_words + index),
                null_bit,
                kind,
            }
        };
        let fields = fields.into_iter().enumerate().map(place).collect();
        Self {
            name,
            fields,
            null_words,
        }
    }
}

/// A field of a record and its place in the row.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    name: Rc<str>,
    index: usize,
    pub(super) slot: usize,
    pub(super) null_bit: Option<usize>,
    kind: Type,
}

impl Field {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its place among the fields, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its type; of a nullable field that of the value.
    #[inline]
    pub fn kind(&self) -> &Type {
        &self.kind
    }

    /// Whether it may be null.
    pub fn is_nullable(&self) -> bool {
        self.null_bit.is_some()
    }

    /// Its type as a schema has it: a union with `null` if it is nullable.
    pub fn declared(&self) -> Type {
        if self.is_nullable() {
            Type::Optional(Rc::new(self.kind.clone()))
        } else {
            self.kind.clone()
        }
    }

    #[inline]
    pub(super) fn is_null_in(&self, row: &[u8]) -> Result<bool, Error> {
        match self.null_bit {
            None => Ok(false),
            Some(bit) => Ok(slot_of(row, bit / 64 * 8)? >> (bit % 64) & 1 == 1),
        }
    }

    /// The field, if it is not null.
    #[inline]
    pub(super) fn present(&self, row: &[u8]) -> Result<&Self, Error> {
        if self.is_null_in(row)? {
            return Err(self.malformed("it is null"));
        }
        Ok(self)
    }

    #[cold]
    pub(super) fn malformed(&self, reason: &'static str) -> Error {
        Error::Decode {
            schema: format!("field {}", self.name),
            reason,
        }
    }

    #[cold]
    pub(super) fn is_no(&self, wanted: &str) -> Error {
        let is = self.kind.to_json();
        Error::User(format!("field {} is {is}, not a {wanted}", self.name))
    }
}

/// A schema that was looked through. A cheap clone.
#[derive(Clone, Debug, PartialEq)]
pub struct RowSchema {
    pub(super) root: Type,
}

impl RowSchema {
    /// Looks through an Avro schema.
    ///
    /// # Errors
    /// It is not one that rows can have.
    pub fn parse(schema: &Json) -> Result<Self, Error> {
        let root = Parser::default().schema(schema, 0)?;
        Ok(Self { root })
    }

    /// The schema of values of a type.
    pub fn of(kind: Type) -> Self {
        Self { root: kind }
    }

    /// The schema of a record with these fields. A field of type [`Type::Optional`] may be null.
    pub fn record(name: &str, fields: impl IntoIterator<Item = (String, Type)>) -> Self {
        let layout = Layout::new(name.to_owned(), fields.into_iter().collect());
        Self::of(Type::Record(Rc::new(layout)))
    }

    /// The type of the values.
    pub fn kind(&self) -> &Type {
        &self.root
    }

    /// The fields, if the values are records.
    pub fn fields(&self) -> &[Field] {
        match &self.root {
            Type::Record(layout) => &layout.fields,
            _ => &[],
        }
    }

    /// The field of this name. Ask once, when the job is built.
    ///
    /// # Errors
    /// There is none; the text lists the fields there are.
    pub fn field(&self, name: &str) -> Result<Field, Error> {
        let found = self.fields().iter().find(|field| field.name() == name);
        found.cloned().ok_or_else(|| {
            let names: Vec<&str> = self.fields().iter().map(Field::name).collect();
            let known = match names.as_slice() {
                [] => format!("the records are {} and have no fields", self.to_json()),
                names => format!("there are: {}", names.join(", ")),
            };
            Error::User(format!("there is no field {name}; {known}"))
        })
    }

    /// A whole record as a value.
    ///
    /// # Errors
    /// The record is malformed.
    pub fn value<'a>(&'a self, record: &'a Dynamic) -> Result<Value<'a>, Error> {
        whole(&self.root, record.bytes())
    }

    /// Begins a record of this schema.
    pub fn builder(&self) -> RowBuilder<'_> {
        RowBuilder::new(self)
    }

    /// A record of these values, field by field; of a schema without fields the one value.
    ///
    /// # Errors
    /// A value does not fit its field, or there are more or fewer.
    pub fn row(&self, values: &[Value<'_>]) -> Result<Dynamic, Error> {
        let mut builder = self.builder();
        for value in values {
            builder.push(value)?;
        }
        builder.finish()
    }

    /// The Avro schema.
    pub fn to_json(&self) -> Json {
        self.root.to_json()
    }
}

/// Named types that were defined so far.
#[derive(Default)]
struct Parser {
    named: BTreeMap<String, Type>,
}

fn unusable(reason: &str) -> Error {
    Error::User(format!("schema: {reason}"))
}

impl Parser {
    fn schema(&mut self, schema: &Json, depth: usize) -> Result<Type, Error> {
        if depth > DEPTH_MAX {
            return Err(unusable(&format!("it nests deeper than {DEPTH_MAX}")));
        }
        match schema {
            Json::String(name) => self.name(name),
            Json::Array(branches) => {
                let branches: Vec<Type> = branches
                    .iter()
                    .map(|branch| self.schema(branch, depth + 1))
                    .collect::<Result<_, _>>()?;
                Ok(match branches.as_slice() {
                    [Type::Null, other] | [other, Type::Null] => {
                        Type::Optional(Rc::new(other.clone()))
                    }
                    _ => Type::Union(branches.into()),
                })
            }
            Json::Object(_) => self.object(schema, depth),
            other => Err(unusable(&format!("{other} is no type"))),
        }
    }

    fn name(&self, name: &str) -> Result<Type, Error> {
        Ok(match name {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "int" => Type::Int,
            "long" => Type::Long,
            "float" => Type::Float,
            "double" => Type::Double,
            "string" => Type::Text,
            "bytes" => Type::Bytes,
            name => {
                let short = name.rsplit('.').next().unwrap_or(name);
                let known = self.named.get(short).cloned();
                known.ok_or_else(|| unusable(&format!("there is no type {name}")))?
            }
        })
    }

    fn object(&mut self, object: &Json, depth: usize) -> Result<Type, Error> {
        let inner = |key: &str| {
            object
                .get(key)
                .ok_or_else(|| unusable(&format!("{object} has no {key}")))
        };
        let text = |key: &str| Ok::<_, Error>(inner(key)?.as_str().unwrap_or_default().to_owned());
        let Some(kind) = inner("type")?.as_str() else {
            return self.schema(inner("type")?, depth + 1);
        };
        let full = match kind {
            "array" => {
                return Ok(Type::Array(Rc::new(
                    self.schema(inner("items")?, depth + 1)?,
                )));
            }
            "map" => {
                return Ok(Type::Map(Rc::new(
                    self.schema(inner("values")?, depth + 1)?,
                )));
            }
            "enum" => {
                let symbols = inner("symbols")?.as_array().map_or(&[][..], Vec::as_slice);
                let symbols = symbols.iter().filter_map(Json::as_str).map(str::to_owned);
                Type::Enum(Rc::new((text("name")?, symbols.collect())))
            }
            "fixed" => {
                let size = inner("size")?
                    .as_u64()
                    .and_then(|size| usize::try_from(size).ok());
                Type::Fixed(text("name")?, size.unwrap_or(0))
            }
            "record" => {
                let mut fields = Vec::new();
                for field in inner("fields")?.as_array().map_or(&[][..], Vec::as_slice) {
                    let name = field.get("name").and_then(Json::as_str).unwrap_or_default();
                    let kind = field.get("type").unwrap_or(&Json::Null);
                    fields.push((name.to_owned(), self.schema(kind, depth + 1)?));
                }
                Type::Record(Rc::new(Layout::new(text("name")?, fields)))
            }
            primitive => return self.name(primitive),
        };
        let name = text("name")?;
        let short = name.rsplit('.').next().unwrap_or(&name).to_owned();
        self.named.insert(short, full.clone());
        Ok(full)
    }
}

//! Typed values and their bytes: the layout of `wit/ENCODING.md`, derived from a type.
//!
//! Equal values have equal bytes, and decoding is the exact inverse: bytes that no value would give are refused, never
//! believed and never a panic. Which types there are: the primitives, `String`, [`Text`], bytes, `Option`, `Vec`,
//! `BTreeMap`, tuples, and structs and plain enums by `#[derive(Record)]`.

mod fields;
mod option;
mod primitive;
mod record;
mod sequence;
mod side;
mod text;
mod tuple;

use std::collections::BTreeSet;

use serde_json::{Value, json};

pub use fields::Fields;
pub(crate) use fields::resolve;
pub use record::{
    RecordReader, RecordWriter, end_parts, read_part, record_width, slots, write_part,
};
pub(crate) use sequence::{decode_array, encode_array};
pub use side::Side;
pub use text::Text;

use crate::error::Error;

/// Names of records and enums that a schema document has defined so far: Avro spells a named type out once.
#[derive(Debug, Default)]
pub struct SchemaNames(BTreeSet<String>);

impl SchemaNames {
    /// Gives the full schema of a named type the first time and its name afterwards.
    pub fn define(&mut self, name: String, full: impl FnOnce(&mut Self) -> Value) -> Value {
        if self.0.insert(name.clone()) {
            full(self)
        } else {
            Value::String(name)
        }
    }
}

/// A type with an Avro schema and the bytes of `wit/ENCODING.md`. Derive it with `#[derive(Record)]`.
pub trait Row: Clone + 'static {
    /// Bytes of every value, if all have the same number.
    const WIDTH: Option<usize>;

    /// Whether a slot holds the value itself.
    const INLINE: bool = false;

    /// Whether a field of a record has a null bit for it.
    const NULLABLE: bool = false;

    /// Bytes of the variable part of a record field, if all values have the same number.
    const FIELD_WIDTH: Option<usize> = if Self::INLINE { Some(0) } else { Self::WIDTH };

    /// A name that is legal in Avro and different for different types.
    fn name() -> String;

    /// The Avro schema.
    fn schema(names: &mut SchemaNames) -> Value;

    /// Appends the value's bytes.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads a value back.
    ///
    /// # Errors
    /// The bytes are not those of any value.
    fn decode(bytes: &[u8]) -> Result<Self, Error>;

    /// The slot of an [`Row::INLINE`] value. Other types do not have one, and answer 0.
    fn to_slot(&self) -> u64 {
        0
    }

    /// Reads the slot of an [`Row::INLINE`] value.
    ///
    /// # Errors
    /// The slot is not that of any value, or the type has none.
    fn from_slot(_slot: u64) -> Result<Self, Error> {
        Err(malformed::<Self>("the type is not kept in a slot"))
    }

    /// Writes the value as the next field of a record.
    fn write_field(&self, record: &mut RecordWriter<'_>) {
        record.put(self);
    }

    /// Reads the value as the next field of a record.
    ///
    /// # Errors
    /// The field is malformed.
    fn read_field(record: &mut RecordReader<'_>) -> Result<Self, Error> {
        record.take()
    }
}

/// The Avro schema of a type as a document of its own.
pub fn schema_of<T: Row>() -> Value {
    T::schema(&mut SchemaNames::default())
}

/// The bytes of a value.
pub fn encode<T: Row>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}

/// A decoding error of type `T`.
#[cold]
pub fn malformed<T: Row>(reason: &'static str) -> Error {
    Error::Decode {
        schema: T::name(),
        reason,
    }
}

/// Reads exactly eight bytes as a slot.
pub(crate) fn whole_slot<T: Row>(bytes: &[u8]) -> Result<u64, Error> {
    match <[u8; 8]>::try_from(bytes) {
        Ok(slot) => Ok(u64::from_le_bytes(slot)),
        Err(_) => Err(malformed::<T>("it is not 8 bytes")),
    }
}

/// The schema of a record with these fields.
pub fn record_schema<const N: usize>(name: &str, fields: [(&str, Value); N]) -> Value {
    let fields = fields.map(|(name, schema)| json!({ "name": name, "type": schema }));
    json!({ "type": "record", "name": name, "fields": fields.to_vec() })
}

/// Says what a field of a record's schema is in values that were written before it was added.
pub fn field_default(schema: &mut Value, index: usize, default: Value) {
    schema["fields"][index]["default"] = default;
}

/// Says what a field of a record's schema was called before.
pub fn field_alias(schema: &mut Value, index: usize, alias: &str) {
    let aliases = &mut schema["fields"][index]["aliases"];
    match aliases {
        Value::Array(known) => known.push(alias.into()),
        _ => *aliases = json!([alias]),
    }
}

/// The schema of an enum with these symbols.
pub fn enum_schema(name: &str, symbols: &[&str]) -> Value {
    json!({ "type": "enum", "name": name, "symbols": symbols })
}

/// Reads exactly `N` slots, for records of fixed-width fields.
///
/// # Errors
/// There are more or fewer bytes.
#[inline]
pub fn whole_row<T: Row, const N: usize>(bytes: &[u8]) -> Result<&[[u8; 8]; N], Error> {
    match bytes.as_chunks::<8>() {
        (slots, []) if slots.len() == N => {
            let slots = slots.first_chunk::<N>();
            slots.ok_or_else(|| malformed::<T>("it is not one slot per field"))
        }
        _ => Err(malformed::<T>("it is not one slot per field")),
    }
}

#[cfg(test)]
mod tests;

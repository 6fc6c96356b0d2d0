//! [`RowBuilder`]: a record of a computed schema, field by field in the order of the schema.

use super::read::{part_of, slot_of};
use super::record::Bytes;
use super::schema::{Layout, Type};
use super::{Dynamic, Field, RowSchema, Value};
use crate::error::Error;

/// Builds one record. Fields are written in the order of the schema; a schema without fields takes one value.
pub struct RowBuilder<'s> {
    root: &'s Type,
    out: Bytes,
    next: usize,
}

impl<'s> RowBuilder<'s> {
    pub(super) fn new(schema: &'s RowSchema) -> Self {
        let mut out = Bytes::new();
        if let Type::Record(layout) = &schema.root {
            out.resize(head_bytes(layout), 0);
        }
        Self {
            root: &schema.root,
            out,
            next: 0,
        }
    }

    /// Writes the next field.
    ///
    /// # Errors
    /// The value does not fit the field, or there is no further field.
    pub fn push<'v>(&mut self, value: &Value<'v>) -> Result<&mut Self, Error> {
        let index = self.next;
        self.next += 1;
        match self.root {
            Type::Record(layout) => {
                let field = layout.fields.get(index).ok_or_else(|| too_many(layout))?;
                put_field(&mut self.out, 0, field, value)?;
            }
            other if index == 0 => encode(other, value, &mut self.out)?,
            other => return Err(does_not_fit(other, value)),
        }
        Ok(self)
    }

    /// Copies a field of another record to the next field, without looking at the value.
    ///
    /// # Errors
    /// The types of the fields differ, there is no further field, or the record is malformed.
    pub fn copy(&mut self, record: &Dynamic, from: &Field) -> Result<&mut Self, Error> {
        let Type::Record(layout) = self.root else {
            let value = record.value(from)?;
            return self.push(&value);
        };
        let field = layout
            .fields
            .get(self.next)
            .ok_or_else(|| too_many(layout))?;
        if field.kind() != from.kind() {
            let value = record.value(from)?;
            return self.push(&value);
        }
        self.next += 1;
        if record.is_null(from)? {
            put_null(&mut self.out, 0, field)?;
        } else if field.kind().is_inline() {
            let slot = slot_of(record.bytes(), from.slot)?;
            set_slot(&mut self.out, field.slot, slot);
        } else {
            let part = part_of(record.bytes(), from.slot)?;
            let offset = self.out.len();
            self.out.extend_from_slice(part);
            set_slot(&mut self.out, field.slot, pointer(offset, part.len()));
        }
        Ok(self)
    }

    /// The record.
    ///
    /// # Errors
    /// Fields are missing.
    pub fn finish(self) -> Result<Dynamic, Error> {
        let fields = match self.root {
            Type::Record(layout) => layout.fields.len(),
            _ => 1,
        };
        if self.next == fields {
            return Ok(Dynamic(self.out));
        }
        Err(Error::User(format!(
            "the record has {} of {fields} fields",
            self.next
        )))
    }
}

fn head_bytes(layout: &Layout) -> usize {
    8 * (layout.null_words + layout.fields.len())
}

#[cold]
fn too_many(layout: &Layout) -> Error {
    Error::User(format!(
        "record {} has only {} fields",
        layout.name,
        layout.fields.len()
    ))
}

#[cold]
fn does_not_fit(kind: &Type, value: &Value<'_>) -> Error {
    Error::User(format!(
        "a {} is no value of {}",
        value.kind(),
        kind.to_json()
    ))
}

fn pointer(offset: usize, length: usize) -> u64 {
    offset as u64 | (length as u64) << 32
}

fn set_slot(out: &mut Bytes, at: usize, slot: u64) {
    out[at..at + 8].copy_from_slice(&slot.to_le_bytes());
}

fn put_null(out: &mut Bytes, start: usize, field: &Field) -> Result<(), Error> {
    let bit = field
        .null_bit
        .ok_or_else(|| does_not_fit(field.kind(), &Value::Null))?;
    out[start + bit / 8] |= 1 << (bit % 8);
    Ok(())
}

fn put_field(out: &mut Bytes, start: usize, field: &Field, value: &Value<'_>) -> Result<(), Error> {
    match value {
        Value::Null if *field.kind() != Type::Null => put_null(out, start, field),
        value => put(out, start, start + field.slot, field.kind(), value),
    }
}

/// Writes a value to the slot at `at` of the value that begins at `start`.
fn put(
    out: &mut Bytes,
    start: usize,
    at: usize,
    kind: &Type,
    value: &Value<'_>,
) -> Result<(), Error> {
    let slot = if kind.is_inline() {
        inline(kind, value)?
    } else {
        let offset = out.len() - start;
        encode(kind, value, out)?;
        pointer(offset, out.len() - start - offset)
    };
    set_slot(out, at, slot);
    Ok(())
}

fn inline(kind: &Type, value: &Value<'_>) -> Result<u64, Error> {
    Ok(match (kind, value) {
        (Type::Boolean, Value::Boolean(value)) => u64::from(*value),
        (Type::Long, Value::Long(value)) => *value as u64,
        (Type::Int, Value::Long(value)) if i32::try_from(*value).is_ok() => *value as u64,
        (Type::Double, Value::Double(value)) => value.to_bits(),
        (Type::Double, Value::Long(value)) => (*value as f64).to_bits(),
        (Type::Float, Value::Double(value)) => u64::from((*value as f32).to_bits()),
        (Type::Float, Value::Long(value)) => u64::from((*value as f32).to_bits()),
        (Type::Enum(of), Value::Text(symbol)) => {
            let index = of.1.iter().position(|known| known == symbol);
            index.ok_or_else(|| does_not_fit(kind, value))? as u64
        }
        _ => return Err(does_not_fit(kind, value)),
    })
}

/// Appends the bytes of a value.
pub(super) fn encode(kind: &Type, value: &Value<'_>, out: &mut Bytes) -> Result<(), Error> {
    let start = out.len();
    if kind.is_inline() {
        out.extend_from_slice(&inline(kind, value)?.to_le_bytes());
        return Ok(());
    }
    match (kind, value) {
        (Type::Null, Value::Null) => {}
        (Type::Text, Value::Text(text)) => out.extend_from_slice(text.as_bytes()),
        (Type::Bytes, Value::Bytes(bytes)) => out.extend_from_slice(bytes),
        (Type::Fixed(_, size), Value::Bytes(bytes)) if bytes.len() == *size => {
            out.extend_from_slice(bytes)
        }
        (Type::Array(items), Value::List(values)) => {
            slots(out, values.len());
            for (index, value) in values.iter().enumerate() {
                put(out, start, start + 8 * (index + 1), items, value)?;
            }
        }
        (Type::Map(values), Value::Map(entries)) => {
            slots(out, entries.len());
            for (index, entry) in entries.iter().enumerate() {
                let offset = out.len() - start;
                put_entry(out, values, entry)?;
                let length = out.len() - start - offset;
                set_slot(out, start + 8 * (index + 1), pointer(offset, length));
            }
        }
        (Type::Optional(inner), value) => {
            out.resize(start + 16, 0);
            match value {
                Value::Null => set_slot(out, start, 1),
                value => put(out, start, start + 8, inner, value)?,
            }
        }
        (Type::Union(branches), value) => union(branches, kind, value, out)?,
        (Type::Record(layout), Value::Record(fields)) if fields.len() == layout.fields.len() => {
            out.resize(start + head_bytes(layout), 0);
            for (field, (_, value)) in layout.fields.iter().zip(fields) {
                put_field(out, start, field, value)?;
            }
        }
        _ => return Err(does_not_fit(kind, value)),
    }
    Ok(())
}

/// The first branch that the value fits.
fn union(branches: &[Type], kind: &Type, value: &Value<'_>, out: &mut Bytes) -> Result<(), Error> {
    let start = out.len();
    for (index, branch) in branches.iter().enumerate() {
        out.truncate(start);
        out.resize(start + 16, 0);
        set_slot(out, start, index as u64);
        if put(out, start, start + 8, branch, value).is_ok() {
            return Ok(());
        }
    }
    Err(does_not_fit(kind, value))
}

/// A count and empty slots.
fn slots(out: &mut Bytes, count: usize) {
    out.extend_from_slice(&(count as u64).to_le_bytes());
    out.resize(out.len() + 8 * count, 0);
}

fn put_entry(out: &mut Bytes, values: &Type, entry: &(&str, Value<'_>)) -> Result<(), Error> {
    let start = out.len();
    let (words, inner) = match values {
        Type::Optional(inner) => (1, &**inner),
        other => (0, other),
    };
    out.resize(start + 8 * (words + 2), 0);
    put(
        out,
        start,
        start + 8 * words,
        &Type::Text,
        &Value::Text(entry.0),
    )?;
    if words == 1 && entry.1 == Value::Null {
        out[start] |= 1;
        return Ok(());
    }
    put(out, start, start + 8 * (words + 1), inner, &entry.1)
}

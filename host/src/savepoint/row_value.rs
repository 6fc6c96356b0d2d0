//! Rows to Avro values and back, by type: the layout of `wit/ENCODING.md` on one side, Avro's data model on the other.
//!
//! Keeps: every part of a row is looked at once, since variable parts must follow each other, so hostile bytes cannot
//! make a value larger than a small multiple of themselves. Whether a row is the one and only form of its value is for
//! the caller to see, by writing the value again.

use apache_avro::types::Value;

use super::avro_type::{RecordType, Type};

/// Reads a row; `None` if the bytes are none of the type.
pub(crate) fn read(ty: &Type, bytes: &[u8]) -> Option<Value> {
    if ty.is_inline() {
        let word = <[u8; 8]>::try_from(bytes).ok()?;
        return from_word(ty, u64::from_le_bytes(word));
    }
    if let Some((other, null)) = ty.nullable() {
        let mut slots = Slots::new(bytes, 1, 1)?;
        let value = match slots.word(0)? {
            0 => Value::Union(1 - null as u32, Box::new(slots.value(other)?)),
            1 if slots.next_word()? == 0 => Value::Union(null as u32, Box::new(Value::Null)),
            _ => return None,
        };
        return slots.finish(value);
    }
    match ty {
        Type::Null => bytes.is_empty().then_some(Value::Null),
        Type::String => String::from_utf8(bytes.to_vec()).ok().map(Value::String),
        Type::Bytes => Some(Value::Bytes(bytes.to_vec())),
        Type::Fixed(size) => (bytes.len() == *size).then(|| Value::Fixed(*size, bytes.to_vec())),
        Type::Array(items) => {
            let count = count_of(bytes)?;
            let mut slots = Slots::new(bytes, 1, count)?;
            let elements: Option<Vec<Value>> = (0..count).map(|_| slots.value(items)).collect();
            slots.finish(Value::Array(elements?))
        }
        Type::Map(values) => read_map(values, bytes),
        Type::Union(branches) => {
            let mut slots = Slots::new(bytes, 1, 1)?;
            let index = u32::try_from(slots.word(0)?).ok()?;
            let branch = branches.get(index as usize)?;
            let value = Value::Union(index, Box::new(slots.value(branch)?));
            slots.finish(value)
        }
        Type::Record(record) => read_record(record, bytes),
        Type::Boolean | Type::Int | Type::Long | Type::Float | Type::Double | Type::Enum(_) => None,
    }
}

fn count_of(bytes: &[u8]) -> Option<usize> {
    let word = bytes.first_chunk::<8>()?;
    usize::try_from(u64::from_le_bytes(*word)).ok()
}

fn read_map(values: &Type, bytes: &[u8]) -> Option<Value> {
    let count = count_of(bytes)?;
    let mut slots = Slots::new(bytes, 1, count)?;
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let entry = slots.part()?;
        let (inner, null_words) = match values.nullable() {
            Some(_) => (values, 1),
            None => (values, 0),
        };
        let mut fields = Slots::new(entry, null_words, 2)?;
        let key = String::from_utf8(fields.part()?.to_vec()).ok()?;
        let value = fields.field(inner, 0)?;
        entries.push((key, fields.finish(value)?));
    }
    slots.finish(Value::Map(entries.into_iter().collect()))
}

fn read_record(record: &RecordType, bytes: &[u8]) -> Option<Value> {
    let mut slots = Slots::new(bytes, null_words(record), record.fields.len())?;
    let mut bit = 0;
    let mut fields = Vec::with_capacity(record.fields.len());
    for field in &record.fields {
        fields.push((field.name.clone(), slots.field(&field.value, bit)?));
        bit += usize::from(field.value.nullable().is_some());
    }
    slots.finish(Value::Record(fields))
}

fn null_words(record: &RecordType) -> usize {
    let nullable = record
        .fields
        .iter()
        .filter(|f| f.value.nullable().is_some());
    nullable.count().div_ceil(64)
}

fn from_word(ty: &Type, word: u64) -> Option<Value> {
    Some(match ty {
        Type::Boolean => Value::Boolean(match word {
            0 => false,
            1 => true,
            _ => return None,
        }),
        Type::Int => Value::Int(i32::try_from(word as i64).ok()?),
        Type::Long => Value::Long(word as i64),
        Type::Float => Value::Float(f32::from_bits(u32::try_from(word).ok()?)),
        Type::Double => Value::Double(f64::from_bits(word)),
        Type::Enum(it) => {
            let index = u32::try_from(word).ok()?;
            Value::Enum(index, it.symbols.get(index as usize)?.clone())
        }
        _ => return None,
    })
}

/// The slots of one value, read in order, and where the next variable part must begin.
struct Slots<'a> {
    bytes: &'a [u8],
    slot: usize,
    cursor: usize,
}

impl<'a> Slots<'a> {
    fn new(bytes: &'a [u8], words_before: usize, slots: usize) -> Option<Self> {
        let cursor = words_before.checked_add(slots)?.checked_mul(8)?;
        (cursor <= bytes.len()).then_some(Self {
            bytes,
            slot: 8 * words_before,
            cursor,
        })
    }

    fn word(&self, at: usize) -> Option<u64> {
        let chunk = self.bytes.get(at..)?.first_chunk::<8>()?;
        Some(u64::from_le_bytes(*chunk))
    }

    fn next_word(&mut self) -> Option<u64> {
        let word = self.word(self.slot)?;
        self.slot += 8;
        Some(word)
    }

    fn part(&mut self) -> Option<&'a [u8]> {
        let word = self.next_word()?;
        let (offset, length) = ((word & 0xffff_ffff) as usize, (word >> 32) as usize);
        if offset != self.cursor {
            return None;
        }
        self.cursor = offset.checked_add(length)?;
        self.bytes.get(offset..self.cursor)
    }

    fn value(&mut self, ty: &Type) -> Option<Value> {
        if ty.is_inline() {
            let word = self.next_word()?;
            from_word(ty, word)
        } else {
            read(ty, self.part()?)
        }
    }

    /// A field of a record; `bit` is its null bit, if it has one.
    fn field(&mut self, ty: &Type, bit: usize) -> Option<Value> {
        let Some((other, null)) = ty.nullable() else {
            return self.value(ty);
        };
        let is_null = self.bytes.get(bit / 8)? >> (bit % 8) & 1 == 1;
        if is_null {
            let empty = self.next_word()? == 0;
            return empty.then(|| Value::Union(null as u32, Box::new(Value::Null)));
        }
        let value = self.value(other)?;
        Some(Value::Union(1 - null as u32, Box::new(value)))
    }

    fn finish(&self, value: Value) -> Option<Value> {
        (self.cursor == self.bytes.len()).then_some(value)
    }
}

/// Appends the row of a value; `None` if it is none of the type. What was appended until then is to be discarded.
pub(crate) fn write(ty: &Type, value: &Value, out: &mut Vec<u8>) -> Option<()> {
    if ty.is_inline() {
        out.extend_from_slice(&to_word(ty, value)?.to_le_bytes());
        return Some(());
    }
    if let Some((other, null)) = ty.nullable() {
        let Value::Union(index, inner) = value else {
            return None;
        };
        let is_null = *index as usize == null;
        let base = reserve(out, u64::from(is_null), 1);
        return if is_null {
            Some(())
        } else {
            write_slot(other, inner, base, base + 8, out)
        };
    }
    match (ty, value) {
        (Type::Null, Value::Null) => {}
        (Type::String, Value::String(text)) => out.extend_from_slice(text.as_bytes()),
        (Type::Bytes, Value::Bytes(bytes)) => out.extend_from_slice(bytes),
        (Type::Fixed(size), Value::Fixed(_, bytes)) if bytes.len() == *size => {
            out.extend_from_slice(bytes);
        }
        (Type::Array(items), Value::Array(elements)) => {
            let base = reserve(out, elements.len() as u64, elements.len());
            for (index, element) in elements.iter().enumerate() {
                write_slot(items, element, base, base + 8 * (index + 1), out)?;
            }
        }
        (Type::Map(values), Value::Map(map)) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            let base = reserve(out, entries.len() as u64, entries.len());
            for (index, (key, value)) in entries.into_iter().enumerate() {
                let start = out.len();
                write_map_entry(values, key, value, out)?;
                put_place(base, start, base + 8 * (index + 1), out)?;
            }
        }
        (Type::Union(branches), Value::Union(index, inner)) => {
            let branch = branches.get(*index as usize)?;
            let base = reserve(out, u64::from(*index), 1);
            write_slot(branch, inner, base, base + 8, out)?;
        }
        (Type::Record(record), Value::Record(fields)) if fields.len() == record.fields.len() => {
            let base = out.len();
            let head = 8 * null_words(record);
            out.resize(base + head + 8 * fields.len(), 0);
            let mut bit = 0;
            for (index, (field, (_, value))) in record.fields.iter().zip(fields).enumerate() {
                let at = base + head + 8 * index;
                write_field(&field.value, value, base, bit, at, out)?;
                bit += usize::from(field.value.nullable().is_some());
            }
        }
        _ => return None,
    }
    Some(())
}

/// Appends a word and room for slots; gives where the word is.
fn reserve(out: &mut Vec<u8>, word: u64, slots: usize) -> usize {
    let base = out.len();
    out.extend_from_slice(&word.to_le_bytes());
    out.resize(base + 8 * (slots + 1), 0);
    base
}

fn write_map_entry(values: &Type, key: &str, value: &Value, out: &mut Vec<u8>) -> Option<()> {
    let base = out.len();
    let head = 8 * usize::from(values.nullable().is_some());
    out.resize(base + head + 16, 0);
    let start = out.len();
    out.extend_from_slice(key.as_bytes());
    put_place(base, start, base + head, out)?;
    write_field(values, value, base, 0, base + head + 8, out)
}

fn write_field(
    ty: &Type,
    value: &Value,
    base: usize,
    bit: usize,
    at: usize,
    out: &mut Vec<u8>,
) -> Option<()> {
    let Some((other, null)) = ty.nullable() else {
        return write_slot(ty, value, base, at, out);
    };
    let Value::Union(index, inner) = value else {
        return None;
    };
    if *index as usize == null {
        out[base + bit / 8] |= 1 << (bit % 8);
        return Some(());
    }
    write_slot(other, inner, base, at, out)
}

fn write_slot(ty: &Type, value: &Value, base: usize, at: usize, out: &mut Vec<u8>) -> Option<()> {
    if ty.is_inline() {
        let word = to_word(ty, value)?;
        out[at..at + 8].copy_from_slice(&word.to_le_bytes());
        return Some(());
    }
    let start = out.len();
    write(ty, value, out)?;
    put_place(base, start, at, out)
}

/// Fills the slot at `at` with the place of what was appended from `start` on.
fn put_place(base: usize, start: usize, at: usize, out: &mut [u8]) -> Option<()> {
    let offset = u32::try_from(start - base).ok()?;
    let length = u32::try_from(out.len() - start).ok()?;
    let word = u64::from(offset) | u64::from(length) << 32;
    out[at..at + 8].copy_from_slice(&word.to_le_bytes());
    Some(())
}

fn to_word(ty: &Type, value: &Value) -> Option<u64> {
    Some(match (ty, value) {
        (Type::Boolean, Value::Boolean(it)) => u64::from(*it),
        (Type::Int, Value::Int(it) | Value::Date(it) | Value::TimeMillis(it)) => {
            i64::from(*it) as u64
        }
        (
            Type::Long,
            Value::Long(it)
            | Value::TimeMicros(it)
            | Value::TimestampMillis(it)
            | Value::TimestampMicros(it)
            | Value::TimestampNanos(it)
            | Value::LocalTimestampMillis(it)
            | Value::LocalTimestampMicros(it)
            | Value::LocalTimestampNanos(it),
        ) => *it as u64,
        (Type::Float, Value::Float(it)) => u64::from(it.to_bits()),
        (Type::Double, Value::Double(it)) => it.to_bits(),
        (Type::Enum(_), Value::Enum(index, _)) => u64::from(*index),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;

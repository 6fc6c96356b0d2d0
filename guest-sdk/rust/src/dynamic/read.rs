//! From the bytes of `wit/ENCODING.md` to values: every access is checked against the bytes that are there.

use super::Value;
use super::schema::{Layout, Type};
use crate::error::Error;

#[cold]
pub(super) fn malformed(reason: &'static str) -> Error {
    Error::Decode {
        schema: "of a dynamic record".to_owned(),
        reason,
    }
}

/// The eight bytes at `at`.
#[inline]
pub(super) fn slot_of(bytes: &[u8], at: usize) -> Result<u64, Error> {
    let slot = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>());
    slot.map(|slot| u64::from_le_bytes(*slot))
        .ok_or_else(|| malformed("it is shorter than its slots"))
}

/// The variable part that the slot at `at` points to.
#[inline]
pub(super) fn part_of(bytes: &[u8], at: usize) -> Result<&[u8], Error> {
    let slot = slot_of(bytes, at)?;
    let (offset, length) = (slot as u32 as usize, (slot >> 32) as usize);
    let end = offset.checked_add(length);
    end.and_then(|end| bytes.get(offset..end))
        .ok_or_else(|| malformed("a slot points outside of it"))
}

/// A value that its slot holds itself.
pub(super) fn fixed(kind: &Type, slot: u64) -> Result<Value<'_>, Error> {
    Ok(match kind {
        Type::Boolean => Value::Boolean(slot == 1),
        Type::Int | Type::Long => Value::Long(slot as i64),
        Type::Float => Value::Double(f64::from(f32::from_bits(slot as u32))),
        Type::Double => Value::Double(f64::from_bits(slot)),
        Type::Enum(of) => {
            let symbol = usize::try_from(slot).ok().and_then(|index| of.1.get(index));
            Value::Text(symbol.ok_or_else(|| malformed("it has no such symbol"))?)
        }
        _ => return Err(malformed("the type is not kept in a slot")),
    })
}

/// The value whose slot is at `at`.
pub(super) fn in_slot<'a>(kind: &'a Type, bytes: &'a [u8], at: usize) -> Result<Value<'a>, Error> {
    if kind.is_inline() {
        fixed(kind, slot_of(bytes, at)?)
    } else {
        whole(kind, part_of(bytes, at)?)
    }
}

/// The value that these bytes are.
pub(super) fn whole<'a>(kind: &'a Type, bytes: &'a [u8]) -> Result<Value<'a>, Error> {
    if kind.is_inline() {
        return fixed(kind, slot_of(bytes, 0)?);
    }
    Ok(match kind {
        Type::Text => {
            let text = std::str::from_utf8(bytes);
            Value::Text(text.map_err(|_| malformed("a string is not UTF-8"))?)
        }
        Type::Bytes | Type::Fixed(..) => Value::Bytes(bytes),
        Type::Array(items) => Value::List(elements(bytes, |at| in_slot(items, bytes, at))?),
        Type::Map(values) => Value::Map(elements(bytes, |at| entry(values, part_of(bytes, at)?))?),
        Type::Optional(inner) => match slot_of(bytes, 0)? {
            0 => in_slot(inner, bytes, 8)?,
            _ => Value::Null,
        },
        Type::Union(branches) => {
            let branch = usize::try_from(slot_of(bytes, 0)?).ok();
            let branch = branch.and_then(|branch| branches.get(branch));
            in_slot(
                branch.ok_or_else(|| malformed("it has no such branch"))?,
                bytes,
                8,
            )?
        }
        Type::Record(layout) => Value::Record(record(layout, bytes)?),
        _ => Value::Null,
    })
}

fn record<'a>(layout: &'a Layout, bytes: &'a [u8]) -> Result<Vec<(&'a str, Value<'a>)>, Error> {
    let field = |field: &'a super::Field| {
        let value = if field.is_null_in(bytes)? {
            Value::Null
        } else {
            in_slot(field.kind(), bytes, field.slot)?
        };
        Ok((field.name(), value))
    };
    layout.fields.iter().map(field).collect()
}

/// An entry of a map is a record of key and value; a value that may be null has a null word before them.
fn entry<'a>(values: &'a Type, bytes: &'a [u8]) -> Result<(&'a str, Value<'a>), Error> {
    let (words, inner) = match values {
        Type::Optional(inner) => (1, &**inner),
        other => (0, other),
    };
    let key = std::str::from_utf8(part_of(bytes, 8 * words)?);
    let key = key.map_err(|_| malformed("a key is not UTF-8"))?;
    if words == 1 && slot_of(bytes, 0)? & 1 == 1 {
        return Ok((key, Value::Null));
    }
    Ok((key, in_slot(inner, bytes, 8 * (words + 1))?))
}

fn elements<E>(bytes: &[u8], element: impl Fn(usize) -> Result<E, Error>) -> Result<Vec<E>, Error> {
    let count = usize::try_from(slot_of(bytes, 0)?).unwrap_or(usize::MAX);
    if count > bytes.len() / 8 {
        return Err(malformed("its count is too large"));
    }
    (1..=count).map(|index| element(8 * index)).collect()
}

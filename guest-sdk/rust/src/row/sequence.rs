//! Rows of sequences: arrays, and maps as arrays of key and value in key order.
//!
//! A count in front is checked against the bytes that are there before anything is allocated for it.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::record::{RecordReader, RecordWriter};
use super::{Row, SchemaNames, malformed};
use crate::error::Error;

/// Writes a count and the elements, of which there are `count`.
pub(crate) fn encode_array<T: Row>(
    count: usize,
    elements: impl Iterator<Item = impl Borrow<T>>,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    let mut array = RecordWriter::with_slots(out, 1, count);
    for element in elements {
        array.put(element.borrow());
    }
    out[start..start + 8].copy_from_slice(&(count as u64).to_le_bytes());
}

/// Reads what [`encode_array`] wrote, element by element; `A` is the type that errors speak of.
pub(crate) fn decode_array<A: Row, T: Row>(
    bytes: &[u8],
    mut each: impl FnMut(T),
) -> Result<(), Error> {
    let Some((count, _)) = bytes.split_first_chunk::<8>() else {
        return Err(malformed::<A>("it has no count"));
    };
    let count = usize::try_from(u64::from_le_bytes(*count))
        .map_err(|_| malformed::<A>("its count is too large"))?;
    let mut array = RecordReader::with_slots::<A>(bytes, 1, count)?;
    for _ in 0..count {
        each(array.take()?);
    }
    array.finish::<A>()
}

fn decode_all<A: Row, T: Row>(bytes: &[u8]) -> Result<Vec<T>, Error> {
    let mut elements = Vec::new();
    decode_array::<A, T>(bytes, |element| elements.push(element))?;
    Ok(elements)
}

impl<T: Row> Row for Vec<T> {
    const WIDTH: Option<usize> = None;

    fn name() -> String {
        format!("array_{}", T::name())
    }

    fn schema(names: &mut SchemaNames) -> Value {
        json!({ "type": "array", "items": T::schema(names) })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        encode_array::<T>(self.len(), self.iter(), out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        decode_all::<Self, T>(bytes)
    }
}

impl<V: Row> Row for BTreeMap<String, V> {
    const WIDTH: Option<usize> = None;

    fn name() -> String {
        format!("map_{}", V::name())
    }

    fn schema(names: &mut SchemaNames) -> Value {
        json!({ "type": "map", "values": V::schema(names) })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let entries: Vec<(String, V)> = self
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        encode_array::<(String, V)>(entries.len(), entries.iter(), out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let entries = decode_all::<Self, (String, V)>(bytes)?;
        if entries.is_sorted_by(|a, b| a.0 < b.0) {
            Ok(entries.into_iter().collect())
        } else {
            Err(malformed::<Self>("its keys are not ascending"))
        }
    }
}

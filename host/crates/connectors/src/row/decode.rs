//! Row bytes to JSON text, by schema.
//!
//! Keeps: every part is looked at once, since the variable parts must lie behind each other; so hostile bytes cannot
//! make the text larger than a small multiple of themselves. Numbers that JSON lacks (NaN, infinities) become texts.

use crate::error::EncodingError;
use crate::row::word;
use crate::schema::{RecordSchema, Schema};

/// Appends the value as JSON text on one line. Fields keep the order of the schema; bytes become text of code points
/// up to 255 as in Avro's JSON encoding; unions are not tagged.
///
/// # Errors
/// The bytes are not a value of the schema; the place is named. What was appended until then is to be discarded.
pub fn append_json(schema: &Schema, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), EncodingError> {
    if schema.is_fixed_width() {
        let word = word(bytes, 0).filter(|_| bytes.len() == 8);
        let word = word.ok_or_else(|| wrong_length(8, bytes.len()))?;
        return fixed(schema, word, out);
    }
    match schema {
        Schema::Null => {
            out.extend_from_slice(b"null");
            exactly(0, bytes.len())
        }
        Schema::String => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| EncodingError::bytes("a string is not valid UTF-8"))?;
            json_text(text, out)
        }
        Schema::Bytes => code_points(bytes, out),
        Schema::Fixed(size) => {
            exactly(*size, bytes.len())?;
            code_points(bytes, out)
        }
        Schema::Array(items) => {
            out.push(b'[');
            elements(bytes, out, |slots, at, out| slots.value(items, at, out))?;
            out.push(b']');
            Ok(())
        }
        Schema::Map(entry) => {
            out.push(b'{');
            elements(bytes, out, |slots, at, out| {
                let part = slots.part(at)?;
                let mut parts = Slots::new(part, entry.head_bytes())?;
                parts.field(entry, 0, out)?;
                out.push(b':');
                parts.field(entry, 1, out)?;
                parts.end()
            })?;
            out.push(b'}');
            Ok(())
        }
        Schema::Nullable(inner) => {
            let mut slots = Slots::new(bytes, 16)?;
            match slots.word(0)? {
                0 => slots.value(inner, 8, out)?,
                1 => out.extend_from_slice(b"null"),
                tag => return Err(EncodingError::bytes(format!("{tag} is no null mark"))),
            }
            slots.end()
        }
        Schema::Union(branches) => {
            let mut slots = Slots::new(bytes, 16)?;
            let tag = slots.word(0)?;
            let branch = usize::try_from(tag).ok().and_then(|tag| branches.get(tag));
            let (_, branch) = branch
                .ok_or_else(|| EncodingError::bytes(format!("the union has no branch {tag}")))?;
            slots.value(branch, 8, out)?;
            slots.end()
        }
        Schema::Record(record) => object(record, bytes, out),
        Schema::Boolean
        | Schema::Int
        | Schema::Long
        | Schema::Float
        | Schema::Double
        | Schema::Enum(_) => Err(EncodingError::bytes("is not of a fixed width")),
    }
}

/// The variable part that the slot at `at` of a value points to.
///
/// # Errors
/// The slot or its part lies outside of the value.
#[inline]
pub fn slot_bytes(value: &[u8], at: usize) -> Result<&[u8], EncodingError> {
    let (start, end) = word(value, at).map_or((1, 0), |slot| {
        let start = (slot & 0xffff_ffff) as usize;
        (start, start + (slot >> 32) as usize)
    });
    value.get(start..end).ok_or_else(|| {
        EncodingError::bytes(format!(
            "the slot at byte {at} points outside of the {} bytes of the value",
            value.len()
        ))
    })
}

fn object(record: &RecordSchema, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), EncodingError> {
    let mut slots = Slots::new(bytes, record.head_bytes())?;
    out.push(b'{');
    for (index, field) in record.fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json_text(&field.name, out)?;
        out.push(b':');
        slots
            .field(record, index, out)
            .map_err(|error| error.within(&field.name))?;
    }
    out.push(b'}');
    slots.end()
}

fn elements(
    bytes: &[u8],
    out: &mut Vec<u8>,
    mut each: impl FnMut(&mut Slots<'_>, usize, &mut Vec<u8>) -> Result<(), EncodingError>,
) -> Result<(), EncodingError> {
    let count = word(bytes, 0).ok_or_else(|| wrong_length(8, bytes.len()))?;
    let count = usize::try_from(count)
        .ok()
        .filter(|count| *count <= bytes.len() / 8)
        .ok_or_else(|| {
            EncodingError::bytes(format!("{count} elements in {} bytes", bytes.len()))
        })?;
    let mut slots = Slots::new(bytes, 8 * (count + 1))?;
    for index in 0..count {
        if index > 0 {
            out.push(b',');
        }
        each(&mut slots, 8 * (index + 1), out).map_err(|error| error.within(index))?;
    }
    slots.end()
}

/// Slots being read in order, and where the next variable part must begin.
struct Slots<'a> {
    bytes: &'a [u8],
    next: usize,
}

impl<'a> Slots<'a> {
    fn new(bytes: &'a [u8], head_bytes: usize) -> Result<Self, EncodingError> {
        if bytes.len() < head_bytes {
            return Err(wrong_length(head_bytes, bytes.len()));
        }
        Ok(Self {
            bytes,
            next: head_bytes,
        })
    }

    fn word(&self, at: usize) -> Result<u64, EncodingError> {
        word(self.bytes, at).ok_or_else(|| wrong_length(at + 8, self.bytes.len()))
    }

    fn part(&mut self, at: usize) -> Result<&'a [u8], EncodingError> {
        let part = slot_bytes(self.bytes, at)?;
        let start = (self.word(at)? & 0xffff_ffff) as usize;
        if !part.is_empty() && start != self.next {
            return Err(EncodingError::bytes(format!(
                "the slot at byte {at} points to {start}, its part must begin at {}",
                self.next
            )));
        }
        self.next += part.len();
        Ok(part)
    }

    fn value(
        &mut self,
        schema: &Schema,
        at: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodingError> {
        if schema.is_fixed_width() {
            fixed(schema, self.word(at)?, out)
        } else {
            append_json(schema, self.part(at)?, out)
        }
    }

    fn field(
        &mut self,
        record: &RecordSchema,
        index: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodingError> {
        let field = &record.fields[index];
        let is_null = field
            .null_bit
            .is_some_and(|bit| self.bytes[bit / 8] >> (bit % 8) & 1 == 1);
        if is_null {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        self.value(&field.schema, record.slot(index), out)
    }

    fn end(&self) -> Result<(), EncodingError> {
        exactly(self.next, self.bytes.len())
    }
}

fn fixed(schema: &Schema, word: u64, out: &mut Vec<u8>) -> Result<(), EncodingError> {
    match schema {
        Schema::Boolean => match word {
            0 => out.extend_from_slice(b"false"),
            1 => out.extend_from_slice(b"true"),
            other => return Err(EncodingError::bytes(format!("{other} is no boolean"))),
        },
        Schema::Enum(symbols) => {
            let symbol = usize::try_from(word).ok().and_then(|at| symbols.get(at));
            let symbol = symbol
                .ok_or_else(|| EncodingError::bytes(format!("the enum has no symbol {word}")))?;
            json_text(symbol, out)?;
        }
        Schema::Float => float(f64::from(f32::from_bits(word as u32)), true, out)?,
        Schema::Double => float(f64::from_bits(word), false, out)?,
        _ => json(&(word as i64), out)?,
    }
    Ok(())
}

fn float(value: f64, single: bool, out: &mut Vec<u8>) -> Result<(), EncodingError> {
    if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 {
            b"\"Infinity\"".as_slice()
        } else {
            b"\"-Infinity\"".as_slice()
        });
    } else if single {
        json(&(value as f32), out)?;
    } else {
        json(&value, out)?;
    }
    Ok(())
}

fn code_points(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), EncodingError> {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    json_text(&text, out)
}

fn json_text(text: &str, out: &mut Vec<u8>) -> Result<(), EncodingError> {
    json(text, out)
}

fn json(value: &(impl serde::Serialize + ?Sized), out: &mut Vec<u8>) -> Result<(), EncodingError> {
    serde_json::to_writer(out, value).map_err(|error| EncodingError::bytes(error.to_string()))
}

fn exactly(wanted: usize, found: usize) -> Result<(), EncodingError> {
    if wanted == found {
        Ok(())
    } else {
        Err(wrong_length(wanted, found))
    }
}

fn wrong_length(wanted: usize, found: usize) -> EncodingError {
    EncodingError::bytes(format!("{found} bytes, {wanted} are needed"))
}

//! How sinks write a value as a line of text: strings as they are, everything else as JSON, or as CSV.
//!
//! Keeps: JSON and CSV lines can be read back into the same values (CSV quotes as RFC 4180; null is an empty field, an
//! empty text a quoted one). A string with line breaks in it spans lines in the plain form. CSV has no header: part
//! files are meant to be concatenated.

use serde::Deserialize;

use crate::error::EncodingError;
use crate::row::{append_json, slot_bytes, word};
use crate::schema::Schema;

/// The `format` key of text sinks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TextFormat {
    /// Strings as they are, everything else as JSON.
    #[default]
    #[serde(alias = "text")]
    Lines,
    /// Everything as JSON, strings too.
    #[serde(alias = "json-lines")]
    Json,
    /// Fields separated by commas.
    Csv,
}

impl TextFormat {
    /// Appends a value and a line end.
    pub(crate) fn append_line(
        self,
        schema: &Schema,
        value: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), EncodingError> {
        match (self, schema) {
            (Self::Lines, Schema::String) => out.extend_from_slice(value),
            (Self::Lines | Self::Json, _) => append_json(schema, value, out)?,
            (Self::Csv, Schema::Record(record)) => {
                if value.len() < record.head_bytes() {
                    return Err(EncodingError::bytes(format!(
                        "{} bytes, {} are needed",
                        value.len(),
                        record.head_bytes()
                    )));
                }
                for (index, field) in record.fields.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    let is_null = field
                        .null_bit
                        .is_some_and(|bit| value[bit / 8] >> (bit % 8) & 1 == 1);
                    if is_null {
                        continue;
                    }
                    let at = record.slot(index);
                    let bytes = if field.schema.is_fixed_width() {
                        value.get(at..at + 8).unwrap_or_default()
                    } else {
                        slot_bytes(value, at).map_err(|error| error.within(&field.name))?
                    };
                    append_csv(&field.schema, bytes, out)
                        .map_err(|error| error.within(&field.name))?;
                }
            }
            (Self::Csv, schema) => append_csv(schema, value, out)?,
        }
        out.push(b'\n');
        Ok(())
    }
}

fn append_csv(schema: &Schema, value: &[u8], out: &mut Vec<u8>) -> Result<(), EncodingError> {
    match schema {
        Schema::String => {
            quote(value, out);
            Ok(())
        }
        Schema::Null => Ok(()),
        Schema::Nullable(_) if word(value, 0) == Some(1) => Ok(()),
        Schema::Enum(symbols) => {
            let index = word(value, 0).and_then(|index| usize::try_from(index).ok());
            let symbol = index.and_then(|index| symbols.get(index));
            let symbol = symbol.ok_or_else(|| EncodingError::bytes("there is no such symbol"))?;
            quote(symbol.as_bytes(), out);
            Ok(())
        }
        Schema::Boolean | Schema::Int | Schema::Long | Schema::Float | Schema::Double => {
            append_json(schema, value, out)
        }
        nested => {
            let mut json = Vec::new();
            append_json(nested, value, &mut json)?;
            quote(&json, out);
            Ok(())
        }
    }
}

/// A field of text, in quotes where it needs them.
fn quote(text: &[u8], out: &mut Vec<u8>) {
    let needs = text.is_empty()
        || text
            .iter()
            .any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'));
    if !needs {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests;

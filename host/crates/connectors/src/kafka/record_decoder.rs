//! How a message is a record: its value by a format, its key as a text field if that is wanted.
//!
//! Keeps: whatever bytes a message has, it becomes a record, is left out, or is an error with the reason. Messages without a
//! value (deletions of a compacted topic) are left out.

use std::borrow::Cow;

use dataflow::limits::RECORD_BYTES_MAX;
use dataflow::port::sink::ConnectorError;
use serde_json::Value;

use crate::config;
use crate::error::EncodingError;
use crate::kafka::NAME;
use crate::record_format::{RecordFormat, prune};
use crate::row;
use crate::schema::Schema;

/// Makes records of messages.
#[derive(Clone, Debug)]
pub(super) struct RecordDecoder {
    format: RecordFormat,
    /// The field that gets the key.
    key_field: Option<String>,
    /// Whether messages that are no records are left out.
    pub(super) ignore_errors: bool,
}

impl RecordDecoder {
    /// A decoder of a format; at most one field takes the key.
    pub(super) fn try_new(
        format: RecordFormat,
        key_fields: &[String],
        ignore_errors: bool,
    ) -> Result<Self, ConnectorError> {
        let key_field = match (key_fields, &format) {
            ([], _) => None,
            ([name], RecordFormat::Json(Schema::Record(record)))
                if record
                    .fields
                    .iter()
                    .any(|field| field.name == *name && matches!(field.schema, Schema::String)) =>
            {
                Some(name.clone())
            }
            _ => {
                let reason = "`key.fields` of a source names one text field of `schema`, with `value.format` json";
                return Err(config::wrong(NAME, reason));
            }
        };
        Ok(Self {
            format,
            key_field,
            ignore_errors,
        })
    }

    /// Appends the record of a message; false if it has none.
    pub(super) fn decode(
        &self,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<bool, EncodingError> {
        let Some(value) = value else {
            return Ok(false);
        };
        match (&self.format, &self.key_field) {
            (RecordFormat::Text, _) => {
                // Text is valid UTF-8, whatever comes in; what is not is replaced.
                match String::from_utf8_lossy(value) {
                    Cow::Borrowed(text) => out.extend_from_slice(text.as_bytes()),
                    Cow::Owned(text) => out.extend_from_slice(text.as_bytes()),
                }
            }
            (RecordFormat::Json(schema), Some(field)) => {
                if value.trim_ascii().is_empty() {
                    return Ok(false);
                }
                let json = serde_json::from_slice(value);
                let mut json: Value = json.map_err(|e| EncodingError::value(e.to_string()))?;
                prune(schema, &mut json);
                if let Value::Object(object) = &mut json {
                    let text = key.map(|key| String::from_utf8_lossy(key).into_owned());
                    object.insert(field.clone(), text.map_or(Value::Null, Value::String));
                }
                row::encode(schema, &json, out)?;
            }
            (format, _) => return format.encode(value, out),
        }
        if out.len() > RECORD_BYTES_MAX {
            return Err(EncodingError::value("is longer than a record may be"));
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;

//! The key of a message from fields of its record.

use std::sync::Arc;

use dataflow::port::sink::ConnectorError;
use serde::Deserialize;

use crate::config;
use crate::error::EncodingError;
use crate::kafka::NAME;
use crate::kafka::options::field;
use crate::row::{append_json, slot_bytes};
use crate::schema::{RecordSchema, Schema};

/// The `key.format` key of the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum KeyFormat {
    /// The one field: a string as it is, everything else as JSON.
    #[serde(alias = "raw", alias = "lines")]
    Text,
    /// A JSON object of the fields.
    #[serde(alias = "json-lines")]
    Json,
}

impl KeyFormat {
    /// What is usual for so many fields.
    pub(super) fn of(fields: usize) -> Self {
        if fields == 1 { Self::Text } else { Self::Json }
    }
}

/// The fields that make the key.
#[derive(Clone, Debug)]
pub(super) struct KeyFields {
    format: KeyFormat,
    record: Arc<RecordSchema>,
    fields: Vec<usize>,
}

impl KeyFields {
    /// Finds the fields in the schema of the records; none if messages have no key.
    pub(super) fn find(
        schema: &Schema,
        format: KeyFormat,
        names: &[String],
    ) -> Result<Option<Self>, ConnectorError> {
        if names.is_empty() {
            return Ok(None);
        }
        if format == KeyFormat::Text && names.len() > 1 {
            let reason = "`key.format` text takes one field; use json for several";
            return Err(config::wrong(NAME, reason));
        }
        let fields = names.iter().map(|name| field(schema, name));
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        match schema {
            Schema::Record(record) => Ok(Some(Self {
                format,
                record: Arc::clone(record),
                fields,
            })),
            _ => Ok(None),
        }
    }

    /// Appends the key of an encoded record; false if it has none, because its field is null.
    pub(super) fn append(&self, value: &[u8], out: &mut Vec<u8>) -> Result<bool, EncodingError> {
        if value.len() < self.record.head_bytes() {
            return Err(EncodingError::bytes(
                "shorter than the fields of its schema",
            ));
        }
        if self.format == KeyFormat::Text {
            let Some(bytes) = self.bytes(self.fields[0], value)? else {
                return Ok(false);
            };
            match &self.record.fields[self.fields[0]].schema {
                Schema::String => out.extend_from_slice(bytes),
                other => append_json(other, bytes, out)?,
            }
            return Ok(true);
        }
        for (at, index) in self.fields.iter().enumerate() {
            let field = &self.record.fields[*index];
            out.extend_from_slice(if at == 0 { b"{\"" } else { b",\"" });
            // Names of fields are letters, digits and underscores.
            out.extend_from_slice(field.name.as_bytes());
            out.extend_from_slice(b"\":");
            match self.bytes(*index, value)? {
                Some(bytes) => append_json(&field.schema, bytes, out)
                    .map_err(|error| error.within(&field.name))?,
                None => out.extend_from_slice(b"null"),
            }
        }
        out.push(b'}');
        Ok(true)
    }

    /// The bytes of a field, if it is not null.
    fn bytes<'a>(&self, index: usize, value: &'a [u8]) -> Result<Option<&'a [u8]>, EncodingError> {
        let field = &self.record.fields[index];
        let is_null = |bit: usize| value[bit / 8] >> (bit % 8) & 1 == 1;
        if field.null_bit.is_some_and(is_null) {
            return Ok(None);
        }
        let at = self.record.slot(index);
        if field.schema.is_fixed_width() {
            return Ok(Some(value.get(at..at + 8).unwrap_or_default()));
        }
        let bytes = slot_bytes(value, at).map_err(|error| error.within(&field.name))?;
        Ok(Some(bytes))
    }
}

//! Partitions of a file sink: the field of a record that says into which sub-directory it goes.
//!
//! Keeps: a sub-directory is one level, visible, and inside the sink's directory, whatever the value is.

use std::fmt::Write;

use dataflow::port::sink::ConnectorError;

use crate::config;
use crate::error::EncodingError;
use crate::row::slot_bytes;
use crate::schema::Schema;
use crate::text_files::NAME;

/// Bytes of a value that names a directory, at most: file systems take 255 for the whole name.
const VALUE_BYTES_MAX: usize = 128;

/// The text field of a record by whose value it is filed.
#[derive(Clone, Debug)]
pub(super) struct PartitionField {
    name: String,
    slot: usize,
}

impl PartitionField {
    /// Finds the field.
    pub(super) fn find(schema: &Schema, name: &str) -> Result<Self, ConnectorError> {
        let field = match schema {
            Schema::Record(record) => record
                .fields
                .iter()
                .position(|field| {
                    field.name == name
                        && field.null_bit.is_none()
                        && matches!(field.schema, Schema::String)
                })
                .map(|index| record.slot(index)),
            _ => None,
        };
        match field {
            Some(slot) => Ok(Self {
                name: name.to_owned(),
                slot,
            }),
            None => Err(config::wrong(
                NAME,
                format!(
                    "`partition_by` is `{name}`, but the records have no text field of that name"
                ),
            )),
        }
    }

    /// Writes the directory of an encoded record into `into`.
    pub(super) fn directory(&self, record: &[u8], into: &mut String) -> Result<(), EncodingError> {
        let bytes = slot_bytes(record, self.slot).map_err(|error| error.within(&self.name))?;
        let value = std::str::from_utf8(bytes)
            .map_err(|_| EncodingError::bytes("it is not UTF-8").within(&self.name))?;
        if value.is_empty()
            || value.len() > VALUE_BYTES_MAX
            || value.contains(|c: char| c == '/' || c.is_control())
        {
            let what =
                "it names no directory: give 1 to 128 bytes without `/` or control characters";
            return Err(EncodingError::bytes(what).within(&self.name));
        }
        into.clear();
        // Writing to a string cannot fail.
        let _ = write!(into, "{}={value}", self.name);
        Ok(())
    }
}

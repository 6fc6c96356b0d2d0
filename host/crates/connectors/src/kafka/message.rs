//! A record as a message, and messages one after the other in a segment.
//!
//! Layout of a message in a segment, little endian: timestamp (i64, -1 if none), bytes of the key plus one (u32, 0 if there
//! is none), bytes of the value (u32), key, value. Keeps: what [`MessageEncoder`] writes, [`Messages`] reads; any other bytes
//! are an error.

use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::port::sink::ConnectorError;

use crate::error::EncodingError;
use crate::kafka::NAME;
use crate::kafka::key::KeyFields;
use crate::kafka::options::SinkOptions;
use crate::schema::Schema;
use crate::text_format::TextFormat;

/// Bytes before the key.
const HEAD_BYTES: usize = 16;

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    /// Milliseconds since the Unix epoch; without one it is the time of sending.
    pub(crate) timestamp: Option<i64>,
    /// Decides the partition.
    pub(crate) key: Option<&'a [u8]>,
    /// What it says.
    pub(crate) value: &'a [u8],
}

/// Encodes records as messages.
#[derive(Clone, Debug)]
pub(crate) struct MessageEncoder {
    schema: Schema,
    format: TextFormat,
    key: Option<KeyFields>,
}

impl MessageEncoder {
    /// An encoder of records of a schema.
    pub(super) fn try_new(options: &SinkOptions, schema: Schema) -> Result<Self, ConnectorError> {
        let key = KeyFields::find(&schema, options.key_format, &options.key_fields)?;
        Ok(Self {
            schema,
            format: options.format,
            key,
        })
    }

    /// Appends the message of a record of a batch, as it is in a segment.
    pub(crate) fn append(
        &self,
        records: &Batch,
        index: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), ConnectorError> {
        let before = out.len();
        self.encode(records, index, out).map_err(|error| {
            out.truncate(before);
            ConnectorError::BadRecord {
                connector: NAME,
                record: index as u32,
                reason: error.to_string(),
            }
        })
    }

    fn encode(
        &self,
        records: &Batch,
        index: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodingError> {
        let (timestamp, record) = (records.timestamp(index), records.value(index));
        let timestamp = match timestamp {
            NO_TIMESTAMP => -1,
            ms => ms.max(-1),
        };
        let head = out.len();
        out.extend_from_slice(&[0; HEAD_BYTES]);
        let has_key = match &self.key {
            Some(key) => key.append(record, out)?,
            None => false,
        };
        let key_bytes = out.len() - head - HEAD_BYTES;
        self.format.append_line(&self.schema, record, out)?;
        // A message is no line.
        out.pop();
        let value_bytes = out.len() - head - HEAD_BYTES - key_bytes;
        let length = |bytes: usize| {
            let length = u32::try_from(bytes)
                .ok()
                .filter(|length| *length < u32::MAX);
            length.ok_or_else(|| EncodingError::bytes("longer than a message may be"))
        };
        let key_word = if has_key { length(key_bytes)? + 1 } else { 0 };
        out[head..head + 8].copy_from_slice(&timestamp.to_le_bytes());
        out[head + 8..head + 12].copy_from_slice(&key_word.to_le_bytes());
        out[head + 12..head + 16].copy_from_slice(&length(value_bytes)?.to_le_bytes());
        Ok(())
    }
}

/// The messages of a segment. Ends after the first that is not whole.
pub(crate) struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    /// Reads a segment.
    pub(crate) fn new(segment: &'a [u8]) -> Self {
        Self { rest: segment }
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }

    fn read(&mut self) -> Option<Message<'a>> {
        let head = self.take(HEAD_BYTES)?;
        let timestamp = i64::from_le_bytes(head[..8].try_into().ok()?);
        let key = u32::from_le_bytes(head[8..12].try_into().ok()?);
        let value = u32::from_le_bytes(head[12..].try_into().ok()?);
        let key = match key.checked_sub(1) {
            Some(bytes) => Some(self.take(bytes as usize)?),
            None => None,
        };
        Some(Message {
            timestamp: (timestamp >= 0).then_some(timestamp),
            key,
            value: self.take(value as usize)?,
        })
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, ConnectorError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let message = self.read().ok_or_else(|| {
            self.rest = &[];
            ConnectorError::Corrupt {
                connector: NAME,
                reason: "a segment ends inside of a message".to_owned(),
            }
        });
        Some(message)
    }
}

#[cfg(test)]
mod tests;

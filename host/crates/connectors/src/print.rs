//! The `print` sink: one line per record to standard output.
//!
//! Keeps: lines of several subtasks never mix, since whole buffers are written under the lock of standard output. At
//! least once: after a restore lines since the last checkpoint are printed again.

use std::io::Write;

use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Committable, ConnectorError, Sink, SinkContext, SinkWriter};
use serde::Deserialize;
use serde_json::Value;

use crate::accepted::Accepted;
use crate::config;
use crate::schema::Schema;
use crate::text_format::TextFormat;

const NAME: &str = "print";

/// Bytes gathered before they are printed.
const BUFFER_BYTES: usize = 32 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default)]
    prefix: bool,
    #[serde(default)]
    format: TextFormat,
}

/// Standard output.
pub struct PrintSink {
    prefix: bool,
    format: TextFormat,
    accepted: Accepted<Schema>,
}

impl PrintSink {
    /// `prefix` puts the number of the subtask (from 1) before each line; `format` is `lines` (default), `json` or `csv`.
    ///
    /// # Errors
    /// Wrong keys.
    pub fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let keys: Keys = config::parse(NAME, keys)?;
        Ok(Self {
            prefix: keys.prefix,
            format: keys.format,
            accepted: Accepted::new(NAME),
        })
    }

    fn writer_to<W: Write + Send>(
        &self,
        context: &SinkContext,
        out: W,
    ) -> Result<PrintWriter<W>, ConnectorError> {
        let prefix = if self.prefix {
            format!("{}> ", context.subtask + 1)
        } else {
            String::new()
        };
        Ok(PrintWriter {
            prefix: prefix.into_bytes(),
            format: self.format,
            schema: self.accepted.get()?.clone(),
            buffer: Vec::with_capacity(BUFFER_BYTES),
            out,
        })
    }
}

impl Sink for PrintSink {
    fn accepts(&self, schema: &str) -> Result<(), ConnectorError> {
        self.accepted.accept(schema, Ok)
    }

    fn writer(
        &self,
        context: SinkContext,
        _restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        Ok(Box::new(self.writer_to(&context, std::io::stdout())?))
    }

    fn commit(&self, _committables: &[Committable]) -> Result<(), ConnectorError> {
        Ok(())
    }
}

struct PrintWriter<W> {
    prefix: Vec<u8>,
    format: TextFormat,
    schema: Schema,
    buffer: Vec<u8>,
    out: W,
}

impl<W: Write + Send> SinkWriter for PrintWriter<W> {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        for (index, value) in records.values.entries(records.len()).enumerate() {
            let before = self.buffer.len();
            self.buffer.extend_from_slice(&self.prefix);
            let appended = self
                .format
                .append_line(&self.schema, value, &mut self.buffer);
            if let Err(error) = appended {
                self.buffer.truncate(before);
                return Err(ConnectorError::BadRecord {
                    connector: NAME,
                    record: index as u32,
                    reason: error.to_string(),
                });
            }
            if self.buffer.len() >= BUFFER_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ConnectorError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.out.write_all(&self.buffer);
        self.buffer.clear();
        written
            .and_then(|()| self.out.flush())
            .map_err(|error| ConnectorError::External {
                connector: NAME,
                action: "write to",
                target: "standard output".to_owned(),
                reason: error.to_string(),
            })
    }

    fn pre_commit(
        &mut self,
        _checkpoint: CheckpointId,
    ) -> Result<Vec<Committable>, ConnectorError> {
        self.flush()?;
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests;

//! The `socket` sink: one line per record to a listener. Every subtask has a connection of its own.
//!
//! At least once: after a restore lines since the last checkpoint are sent again. A slow peer blocks the writer, which
//! is how it slows the job down.

use std::io::Write;
use std::net::TcpStream;

use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Committable, ConnectorError, Sink, SinkContext, SinkWriter};
use serde::Deserialize;
use serde_json::Value;

use crate::accepted::Accepted;
use crate::config;
use crate::schema::Schema;
use crate::socket::{Address, NAME};
use crate::text_format::TextFormat;

/// Bytes gathered before they are sent.
const BUFFER_BYTES: usize = 32 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    host: String,
    port: u16,
    #[serde(default)]
    format: TextFormat,
}

/// Lines to a listener.
pub struct SocketSink {
    address: Address,
    format: TextFormat,
    accepted: Accepted<Schema>,
}

impl SocketSink {
    /// `host` and `port` of the listener, connected to when a writer is opened; `format` is `lines` (default), `json`
    /// or `csv`.
    ///
    /// # Errors
    /// Wrong keys.
    pub fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let keys: Keys = config::parse(NAME, keys)?;
        Ok(Self {
            address: Address {
                host: keys.host,
                port: keys.port,
            },
            format: keys.format,
            accepted: Accepted::new(NAME),
        })
    }
}

impl Sink for SocketSink {
    fn accepts(&self, schema: &str) -> Result<(), ConnectorError> {
        self.accepted.accept(schema, Ok)
    }

    fn writer(
        &self,
        _context: SinkContext,
        _restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let schema = self.accepted.get()?.clone();
        let stream = self.address.connect()?;
        stream
            .set_nodelay(true)
            .map_err(|error| self.address.failed("connect to", &error))?;
        Ok(Box::new(SocketWriter {
            address: self.address.clone(),
            format: self.format,
            schema,
            stream,
            buffer: Vec::with_capacity(BUFFER_BYTES),
        }))
    }

    fn commit(&self, _committables: &[Committable]) -> Result<(), ConnectorError> {
        Ok(())
    }
}

struct SocketWriter {
    address: Address,
    format: TextFormat,
    schema: Schema,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl SinkWriter for SocketWriter {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        for (index, value) in records.values.entries(records.len()).enumerate() {
            let before = self.buffer.len();
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
        let sent = self.stream.write_all(&self.buffer);
        self.buffer.clear();
        sent.map_err(|error| self.address.failed("write to", &error))
    }

    fn pre_commit(
        &mut self,
        _checkpoint: CheckpointId,
    ) -> Result<Vec<Committable>, ConnectorError> {
        self.flush()?;
        Ok(Vec::new())
    }
}

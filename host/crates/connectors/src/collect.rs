//! The `collect` sink: the records of a bounded job as JSON lines for whoever started it.
//!
//! Keeps: exactly once. The lines of a subtask are part of every checkpoint and are handed over in the report of the last
//! one, so a job that was killed and restored gives its result once and whole. A result that does not fit in memory is
//! refused with the limit named.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::limits::COLLECT_BYTES_MAX;
use dataflow::port::sink::{
    Committable, ConnectorError, ReportValue, Sink, SinkContext, SinkReport, SinkWriter,
};
use serde::Deserialize;
use serde_json::Value;

use crate::accepted::Accepted;
use crate::config;
use crate::row::append_json;
use crate::saved;
use crate::schema::Schema;

const NAME: &str = "collect";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default = "default_max_bytes")]
    max_bytes: usize,
}

fn default_max_bytes() -> usize {
    COLLECT_BYTES_MAX
}

/// The client's result.
pub struct CollectSink {
    max_bytes: usize,
    /// Bytes that all subtasks hold.
    held_bytes: Arc<AtomicUsize>,
    accepted: Accepted<Schema>,
}

impl CollectSink {
    /// `max_bytes` bounds the result of all subtasks together.
    ///
    /// # Errors
    /// Wrong keys.
    pub fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let keys: Keys = config::parse(NAME, keys)?;
        Ok(Self {
            max_bytes: keys.max_bytes,
            held_bytes: Arc::new(AtomicUsize::new(0)),
            accepted: Accepted::new(NAME),
        })
    }
}

impl Sink for CollectSink {
    fn accepts(&self, schema: &str) -> Result<(), ConnectorError> {
        self.accepted.accept(schema, Ok)
    }

    fn writer(
        &self,
        _context: SinkContext,
        restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let mut lines = Vec::new();
        for state in restored {
            let mut reader = saved::Reader::new(NAME, &state)?;
            lines.extend_from_slice(reader.bytes()?);
            reader.end()?;
        }
        self.held_bytes.fetch_add(lines.len(), Ordering::Relaxed);
        Ok(Box::new(CollectWriter {
            schema: self.accepted.get()?.clone(),
            lines,
            max_bytes: self.max_bytes,
            held_bytes: Arc::clone(&self.held_bytes),
        }))
    }

    fn commit(&self, committables: &[Committable]) -> Result<(), ConnectorError> {
        // It prepares nothing itself: these are another sink's, and committing them is not its to do.
        if committables.is_empty() {
            return Ok(());
        }
        Err(ConnectorError::Corrupt {
            connector: NAME,
            reason: "the checkpoint was taken with another sink in this place: restore it without --collect"
                .to_owned(),
        })
    }
}

struct CollectWriter {
    schema: Schema,
    lines: Vec<u8>,
    max_bytes: usize,
    held_bytes: Arc<AtomicUsize>,
}

impl SinkWriter for CollectWriter {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        let bad_record = |index: usize, reason: String| ConnectorError::BadRecord {
            connector: NAME,
            record: index as u32,
            reason,
        };
        for (index, value) in records.values.entries(records.len()).enumerate() {
            let before = self.lines.len();
            if let Err(error) = append_json(&self.schema, value, &mut self.lines) {
                self.lines.truncate(before);
                return Err(bad_record(index, error.to_string()));
            }
            self.lines.push(b'\n');
            let added = self.lines.len() - before;
            let held = self.held_bytes.fetch_add(added, Ordering::Relaxed) + added;
            if held > self.max_bytes {
                let reason = format!(
                    "the result grows beyond its limit, max_bytes = {}: write it to a sink such as text-files",
                    self.max_bytes
                );
                return Err(bad_record(index, reason));
            }
        }
        Ok(())
    }

    fn pre_commit(
        &mut self,
        _checkpoint: CheckpointId,
    ) -> Result<Vec<Committable>, ConnectorError> {
        Ok(Vec::new())
    }

    fn snapshot(&mut self) -> Vec<u8> {
        saved::Writer::new().bytes(&self.lines).finish()
    }

    fn report(&mut self) -> Vec<SinkReport> {
        vec![SinkReport {
            name: "records".to_owned(),
            value: ReportValue::Lines(self.lines.clone()),
        }]
    }
}

#[cfg(test)]
mod tests;

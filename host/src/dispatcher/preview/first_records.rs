//! The sink of a preview: the first records that reach it, for whoever asked. What comes after them is let through and
//! forgotten.
//!
//! Keeps: never more than so many records, over all subtasks; a full sink costs the job nothing per record.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use connectors::row::append_json;
use connectors::schema::Schema;
use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Committable, ConnectorError, Sink, SinkContext, SinkWriter};
use serde_json::Value;
use tokio::sync::Notify;

const NAME: &str = "preview";

/// The first records of one sink.
pub(super) struct FirstRecords {
    schema: OnceLock<Schema>,
    shared: Arc<Shared>,
}

struct Shared {
    limit: usize,
    is_full: AtomicBool,
    records: Mutex<Vec<Value>>,
    filled: Arc<Notify>,
}

impl FirstRecords {
    /// Keeps `limit` records and then says so.
    pub(super) fn new(limit: usize, filled: Arc<Notify>) -> Self {
        Self {
            schema: OnceLock::new(),
            shared: Arc::new(Shared {
                limit,
                is_full: AtomicBool::new(limit == 0),
                records: Mutex::new(Vec::new()),
                filled,
            }),
        }
    }

    /// Whether more would be forgotten.
    pub(super) fn is_full(&self) -> bool {
        self.shared.is_full.load(Ordering::Acquire)
    }

    /// What has come so far.
    pub(super) fn records(&self) -> Vec<Value> {
        self.shared.lock().clone()
    }
}

impl Shared {
    /// A thread that panicked while it held the records left whole ones.
    fn lock(&self) -> MutexGuard<'_, Vec<Value>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for FirstRecords {
    fn accepts(&self, schema: &str) -> Result<(), ConnectorError> {
        let parsed = Schema::parse(schema).map_err(|error| ConnectorError::Config {
            connector: NAME.to_owned(),
            reason: error.to_string(),
        })?;
        // A sink has one input schema: a second time it is the same.
        self.schema.get_or_init(|| parsed);
        Ok(())
    }

    fn writer(
        &self,
        _context: SinkContext,
        _restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let schema = self.schema.get().ok_or_else(|| ConnectorError::Config {
            connector: NAME.to_owned(),
            reason: "the schema of its input is not known".to_owned(),
        })?;
        Ok(Box::new(FirstRecordsWriter {
            schema: schema.clone(),
            shared: Arc::clone(&self.shared),
        }))
    }

    fn commit(&self, _committables: &[Committable]) -> Result<(), ConnectorError> {
        Ok(())
    }
}

struct FirstRecordsWriter {
    schema: Schema,
    shared: Arc<Shared>,
}

impl SinkWriter for FirstRecordsWriter {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        if self.shared.is_full.load(Ordering::Acquire) {
            return Ok(());
        }
        let bad_record = |index: usize, reason: String| ConnectorError::BadRecord {
            connector: NAME,
            record: u32::try_from(index).unwrap_or(u32::MAX),
            reason,
        };
        let mut kept = self.shared.lock();
        let left = self.shared.limit - kept.len();
        let mut line = Vec::new();
        let entries = records.values.entries(records.len());
        for (index, entry) in entries.enumerate().take(left) {
            line.clear();
            append_json(&self.schema, entry, &mut line)
                .map_err(|error| bad_record(index, error.to_string()))?;
            let record = serde_json::from_slice(&line);
            kept.push(record.map_err(|error| bad_record(index, error.to_string()))?);
        }
        if kept.len() == self.shared.limit {
            self.shared.is_full.store(true, Ordering::Release);
            self.shared.filled.notify_one();
        }
        Ok(())
    }

    fn pre_commit(
        &mut self,
        _checkpoint: CheckpointId,
    ) -> Result<Vec<Committable>, ConnectorError> {
        Ok(Vec::new())
    }
}

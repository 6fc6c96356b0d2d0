//! The `blackhole` sink: counts records and forgets them. For measurements.
//!
//! Keeps: the count is part of every snapshot, so after a restore each record is counted once.

use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{
    Committable, ConnectorError, ReportValue, Sink, SinkContext, SinkReport, SinkWriter,
};
use serde::Deserialize;
use serde_json::Value;

use crate::config;
use crate::saved;

const NAME: &str = "blackhole";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {}

/// Nowhere.
pub struct BlackholeSink;

impl BlackholeSink {
    /// Takes no keys.
    ///
    /// # Errors
    /// There are keys.
    pub fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let Keys {} = config::parse(NAME, keys)?;
        Ok(Self)
    }
}

impl Sink for BlackholeSink {
    fn accepts(&self, _schema: &str) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn writer(
        &self,
        _context: SinkContext,
        restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let mut count = 0u64;
        for state in &restored {
            let mut reader = saved::Reader::new(NAME, state)?;
            count = count.wrapping_add(reader.u64()?);
            reader.end()?;
        }
        Ok(Box::new(Counter { count }))
    }

    fn commit(&self, _committables: &[Committable]) -> Result<(), ConnectorError> {
        Ok(())
    }
}

struct Counter {
    count: u64,
}

impl SinkWriter for Counter {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        self.count += u64::from(records.count);
        Ok(())
    }

    fn pre_commit(
        &mut self,
        _checkpoint: CheckpointId,
    ) -> Result<Vec<Committable>, ConnectorError> {
        Ok(Vec::new())
    }

    fn snapshot(&mut self) -> Vec<u8> {
        saved::Writer::new().u64(self.count).finish()
    }

    fn report(&mut self) -> Vec<SinkReport> {
        vec![SinkReport {
            name: "count".to_owned(),
            value: ReportValue::Sum(self.count),
        }]
    }
}

#[cfg(test)]
mod tests;

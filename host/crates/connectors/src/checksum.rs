//! The `checksum` sink: count and order-independent checksum of the output, to compare two runs or two engines.
//!
//! The checksum is that of [`crate::record_hash`]. Keeps: both figures are part of every snapshot, so after a restore
//! each record is in them once; states of several former writers add up.

use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{
    Committable, ConnectorError, ReportValue, Sink, SinkContext, SinkReport, SinkWriter,
};
use serde::Deserialize;
use serde_json::Value;

use crate::accepted::Accepted;
use crate::config;
use crate::record_hash::HashPlan;
use crate::saved;

const NAME: &str = "checksum";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {}

/// Count and checksum of everything.
pub struct ChecksumSink {
    accepted: Accepted<HashPlan>,
}

impl ChecksumSink {
    /// Takes no keys.
    ///
    /// # Errors
    /// There are keys.
    pub fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let Keys {} = config::parse(NAME, keys)?;
        Ok(Self {
            accepted: Accepted::new(NAME),
        })
    }
}

impl Sink for ChecksumSink {
    fn accepts(&self, schema: &str) -> Result<(), ConnectorError> {
        self.accepted
            .accept(schema, |schema| Ok(HashPlan::of(&schema)))
    }

    fn writer(
        &self,
        _context: SinkContext,
        restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let mut total = Total::default();
        for state in &restored {
            let mut reader = saved::Reader::new(NAME, state)?;
            total.add(Total::restore(&mut reader)?);
            reader.end()?;
        }
        Ok(Box::new(ChecksumWriter {
            plan: self.accepted.get()?.clone(),
            total,
        }))
    }

    fn commit(&self, _committables: &[Committable]) -> Result<(), ConnectorError> {
        Ok(())
    }
}

/// How many records, and the wrapping sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) count: u64,
    pub(crate) checksum: u64,
}

impl Total {
    pub(crate) fn add(&mut self, other: Self) {
        self.count = self.count.wrapping_add(other.count);
        self.checksum = self.checksum.wrapping_add(other.checksum);
    }

    /// Adds a batch; a value that is none of the schema is an error and nothing is added.
    pub(crate) fn add_batch(
        &mut self,
        connector: &'static str,
        plan: &HashPlan,
        records: &Batch,
    ) -> Result<(), ConnectorError> {
        let checksum =
            plan.checksum(&records.values, records.len())
                .map_err(|(index, error)| ConnectorError::BadRecord {
                    connector,
                    record: index as u32,
                    reason: error.to_string(),
                })?;
        self.add(Self {
            count: u64::from(records.count),
            checksum,
        });
        Ok(())
    }

    pub(crate) fn save(self, writer: saved::Writer) -> saved::Writer {
        writer.u64(self.count).u64(self.checksum)
    }

    pub(crate) fn restore(reader: &mut saved::Reader<'_>) -> Result<Self, ConnectorError> {
        Ok(Self {
            count: reader.u64()?,
            checksum: reader.u64()?,
        })
    }

    pub(crate) fn report(self) -> Vec<SinkReport> {
        vec![
            SinkReport {
                name: "count".to_owned(),
                value: ReportValue::Sum(self.count),
            },
            SinkReport {
                name: "checksum".to_owned(),
                value: ReportValue::Checksum(self.checksum),
            },
        ]
    }
}

struct ChecksumWriter {
    plan: HashPlan,
    total: Total,
}

impl SinkWriter for ChecksumWriter {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        self.total.add_batch(NAME, &self.plan, records)
    }

    fn pre_commit(
        &mut self,
        _checkpoint: CheckpointId,
    ) -> Result<Vec<Committable>, ConnectorError> {
        Ok(Vec::new())
    }

    fn snapshot(&mut self) -> Vec<u8> {
        self.total.save(saved::Writer::new()).finish()
    }

    fn report(&mut self) -> Vec<SinkReport> {
        self.total.report()
    }
}

#[cfg(test)]
mod tests;

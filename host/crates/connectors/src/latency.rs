//! The `latency` sink: how long records took from where they were stamped to here.
//!
//! A field holds the monotonic time in nanoseconds at which the record was made, or 0 if it does not count. Also keeps
//! count and checksum of the other fields, to see that the answer was right. Source and sink must run in one process,
//! since monotonic clocks of two have nothing in common. All records of a batch arrive at the same moment.

use std::sync::Arc;

use dataflow::clock::Clock;
use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{
    Committable, ConnectorError, ReportValue, Sink, SinkContext, SinkReport, SinkWriter,
};
use hdrhistogram::Histogram;
use serde::Deserialize;
use serde_json::Value;

use crate::accepted::Accepted;
use crate::checksum::Total;
use crate::config;
use crate::record_hash::HashPlan;
use crate::row;
use crate::saved;
use crate::schema::Schema;

const NAME: &str = "latency";

/// Longest latency that is told apart; longer ones count as this (nanoseconds: an hour).
const LATENCY_NS_MAX: u64 = 3_600_000_000_000;

/// Decimal digits of a latency that are kept.
const DIGITS: u8 = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    field: String,
}

/// Latencies.
pub struct LatencySink {
    field: String,
    clock: Arc<dyn Clock>,
    accepted: Accepted<Prepared>,
}

/// What follows from the schema.
#[derive(Clone)]
struct Prepared {
    /// Where the stamp is in a record.
    stamp: usize,
    /// How the other fields are hashed.
    others: HashPlan,
}

impl LatencySink {
    /// `field` names the field with the stamp.
    ///
    /// # Errors
    /// Wrong keys.
    pub fn try_new(keys: Value, clock: Arc<dyn Clock>) -> Result<Self, ConnectorError> {
        let keys: Keys = config::parse(NAME, keys)?;
        Ok(Self {
            field: keys.field,
            clock,
            accepted: Accepted::new(NAME),
        })
    }

    fn prepare(&self, schema: &Schema) -> Result<Prepared, ConnectorError> {
        let Schema::Record(record) = schema else {
            return Err(config::wrong(
                NAME,
                format!("needs records, the input is `{}`", schema.name()),
            ));
        };
        let found = record.fields.iter().position(|f| f.name == self.field);
        let Some(index) = found else {
            return Err(config::wrong(
                NAME,
                format!("record {} has no field `{}`", record.name, self.field),
            ));
        };
        let field = &record.fields[index];
        if !matches!(field.schema, Schema::Long) || field.null_bit.is_some() {
            return Err(config::wrong(
                NAME,
                format!("field `{}` must be a long", self.field),
            ));
        }
        Ok(Prepared {
            stamp: record.slot(index),
            others: HashPlan::without(schema, &self.field),
        })
    }
}

fn histogram() -> Result<Histogram<u64>, ConnectorError> {
    Histogram::new_with_bounds(1, LATENCY_NS_MAX, DIGITS)
        .map_err(|error| config::wrong(NAME, error.to_string()))
}

impl Sink for LatencySink {
    fn accepts(&self, schema: &str) -> Result<(), ConnectorError> {
        self.accepted.accept(schema, |schema| self.prepare(&schema))
    }

    fn writer(
        &self,
        _context: SinkContext,
        restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let mut writer = LatencyWriter {
            prepared: self.accepted.get()?.clone(),
            clock: Arc::clone(&self.clock),
            latencies: histogram()?,
            total: Total::default(),
        };
        for state in &restored {
            writer.restore(state)?;
        }
        Ok(Box::new(writer))
    }

    fn commit(&self, _committables: &[Committable]) -> Result<(), ConnectorError> {
        Ok(())
    }
}

struct LatencyWriter {
    prepared: Prepared,
    clock: Arc<dyn Clock>,
    latencies: Histogram<u64>,
    total: Total,
}

impl LatencyWriter {
    fn restore(&mut self, state: &[u8]) -> Result<(), ConnectorError> {
        let mut reader = saved::Reader::new(NAME, state)?;
        self.total.add(Total::restore(&mut reader)?);
        for _ in 0..reader.u64()? {
            let (value, count) = (reader.u64()?, reader.u64()?);
            self.latencies
                .saturating_record_n(value.clamp(1, LATENCY_NS_MAX), count);
        }
        reader.end()
    }

    fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let recorded = self.latencies.iter_recorded();
        recorded.map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()))
    }
}

impl SinkWriter for LatencyWriter {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        self.total.add_batch(NAME, &self.prepared.others, records)?;
        let now = self.clock.monotonic_ns();
        for value in records.values.entries(records.len()) {
            // The checksum has found every record long enough.
            let stamp = row::word(value, self.prepared.stamp).unwrap_or(0);
            if stamp != 0 {
                let latency = now.saturating_sub(stamp);
                self.latencies
                    .saturating_record(latency.clamp(1, LATENCY_NS_MAX));
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
        let buckets: Vec<(u64, u64)> = self.buckets().collect();
        let mut state = self
            .total
            .save(saved::Writer::new())
            .u64(buckets.len() as u64);
        for (value, count) in buckets {
            state = state.u64(value).u64(count);
        }
        state.finish()
    }

    fn report(&mut self) -> Vec<SinkReport> {
        let mut report = self.total.report();
        report.push(SinkReport {
            name: "latency".to_owned(),
            value: ReportValue::Histogram(self.buckets().collect()),
        });
        report
    }
}

#[cfg(test)]
mod tests;

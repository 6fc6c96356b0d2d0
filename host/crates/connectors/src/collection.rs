//! The `collection` source: values written in the plan itself. For examples and tests.
//!
//! Keeps: values keep their order within a split; a position is the index of the next value, so a restore repeats
//! nothing. The values are in memory twice (plan and rows), so it is not for large inputs.

use std::sync::Arc;

use dataflow::element::Batch;
use dataflow::element::NO_TIMESTAMP;
use dataflow::ids::SplitId;
use dataflow::limits::{RECORD_BYTES_MAX, SOURCE_BATCH_BYTES, SOURCE_BATCH_RECORDS};
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{Polled, Progress, Source, SourceContext, SourceReader, SourceSplit};
use serde::Deserialize;
use serde_json::Value;

use crate::config;
use crate::row;
use crate::saved;
use crate::schema::Schema;

const NAME: &str = "collection";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    schema: Value,
    values: Vec<Value>,
}

/// Values of the plan, encoded.
pub struct CollectionSource {
    schema: String,
    rows: Arc<Vec<Vec<u8>>>,
}

impl CollectionSource {
    /// Encodes the values.
    ///
    /// # Errors
    /// Wrong keys, a schema outside of the subset, or a value that does not fit it (named by its index).
    pub fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let keys: Keys = config::parse(NAME, keys)?;
        let schema = Schema::from_json(&keys.schema)
            .map_err(|error| config::wrong(NAME, error.to_string()))?;
        let mut rows = Vec::with_capacity(keys.values.len());
        for (index, value) in keys.values.iter().enumerate() {
            let mut bytes = Vec::new();
            row::encode(&schema, value, &mut bytes)
                .map_err(|error| config::wrong(NAME, error.within(index).to_string()))?;
            if bytes.len() > RECORD_BYTES_MAX {
                return Err(config::wrong(
                    NAME,
                    format!(
                        "value {index} has {} bytes, at most {RECORD_BYTES_MAX} are allowed",
                        bytes.len()
                    ),
                ));
            }
            rows.push(bytes);
        }
        Ok(Self {
            schema: keys.schema.to_string(),
            rows: Arc::new(rows),
        })
    }
}

impl Source for CollectionSource {
    fn schema(&self) -> String {
        self.schema.clone()
    }

    fn splits(&self, parallelism: u32) -> Result<Vec<SourceSplit>, ConnectorError> {
        let (total, shares) = (self.rows.len() as u64, u64::from(parallelism.max(1)));
        let bound = |share: u64| share * total / shares;
        Ok((0..shares)
            .map(|share| (bound(share), bound(share + 1)))
            .filter(|(next, end)| next < end)
            .zip(0..)
            .map(|((next, end), id)| Share { next, end }.save(SplitId(id)))
            .collect())
    }

    fn reader(
        &self,
        splits: Vec<SourceSplit>,
        _context: SourceContext,
    ) -> Result<Box<dyn SourceReader>, ConnectorError> {
        let mut shares = Vec::with_capacity(splits.len());
        for split in splits {
            let share = Share::restore(&split.state, self.rows.len())?;
            shares.push((split.id, share));
        }
        Ok(Box::new(CollectionReader {
            rows: Arc::clone(&self.rows),
            total: shares.iter().map(|(_, share)| share.end - share.next).sum(),
            shares,
            ended: Vec::new(),
            paused: Vec::new(),
        }))
    }
}

/// What is left of a split: the values `next..end`.
struct Share {
    next: u64,
    end: u64,
}

impl Share {
    fn save(&self, id: SplitId) -> SourceSplit {
        let state = saved::Writer::new().u64(self.next).u64(self.end).finish();
        SourceSplit { id, state }
    }

    fn restore(state: &[u8], rows: usize) -> Result<Self, ConnectorError> {
        let mut reader = saved::Reader::new(NAME, state)?;
        let (next, end) = (reader.u64()?, reader.u64()?);
        if next > end || end > rows as u64 {
            return Err(reader.corrupt(format!(
                "values {next} to {end} of a collection that has {rows}"
            )));
        }
        reader.end()?;
        Ok(Self { next, end })
    }
}

struct CollectionReader {
    rows: Arc<Vec<Vec<u8>>>,
    /// What is left to read, in this order.
    shares: Vec<(SplitId, Share)>,
    ended: Vec<(SplitId, Share)>,
    paused: Vec<SplitId>,
    total: u64,
}

impl SourceReader for CollectionReader {
    fn poll(&mut self) -> Result<Polled, ConnectorError> {
        let mut shares = self.shares.iter();
        let Some(current) = shares.position(|(id, _)| !self.paused.contains(id)) else {
            return Ok(if self.shares.is_empty() {
                Polled::End
            } else {
                Polled::Pending(None)
            });
        };
        let (id, share) = &mut self.shares[current];
        if share.next == share.end {
            let ended = self.shares.remove(current);
            let id = ended.0;
            self.ended.push(ended);
            return Ok(Polled::SplitEnded(id));
        }
        let mut batch = Batch::default();
        for row in &self.rows[share.next as usize..share.end as usize] {
            let bytes = batch.values.data.len() + row.len();
            if batch.len() == SOURCE_BATCH_RECORDS
                || (bytes > SOURCE_BATCH_BYTES && !batch.is_empty())
            {
                break;
            }
            batch.push(NO_TIMESTAMP, &[], row);
        }
        share.next += u64::from(batch.count);
        Ok(Polled::Records(batch, *id))
    }

    fn pause(&mut self, splits: &[SplitId]) -> bool {
        self.paused = splits.to_vec();
        true
    }

    fn snapshot(&mut self) -> Vec<SourceSplit> {
        let shares = self.ended.iter().chain(&self.shares);
        shares.map(|(id, share)| share.save(*id)).collect()
    }

    fn remaining(&self) -> Option<Progress> {
        let left: u64 = self.shares.iter().map(|(_, s)| s.end - s.next).sum();
        Some(Progress {
            done: self.total - left,
            total: self.total,
        })
    }
}

#[cfg(test)]
mod tests;

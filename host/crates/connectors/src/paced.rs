//! A source that gives its records at a limited rate: a few, then a pause, and so on.
//!
//! Keeps: batches have the size the source makes them and nothing is made up for, so the records of a split come in the
//! same batches in every run, with a pause after each in which all that was read goes on. It is no part of a snapshot.

use std::sync::Arc;
use std::time::Duration;

use dataflow::clock::Clock;
use dataflow::ids::{CheckpointId, SplitId};
use dataflow::limits::SOURCE_BATCH_RECORDS;
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{
    Polled, Progress, Source, SourceContext, SourceReader, SourceSplit, SplitEnumerator,
};

/// Batches a second, at most.
const BATCHES_PER_SECOND: f64 = 100.0;

/// How many records a second a subtask reads, and in which portions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    records_per_second: f64,
}

impl Rate {
    /// `None` unless it is above 0.
    pub(crate) fn try_new(records_per_second: f64) -> Option<Self> {
        (records_per_second.is_finite() && records_per_second > 0.0)
            .then_some(Self { records_per_second })
    }

    /// Records of a batch.
    pub(crate) fn batch_records(self) -> usize {
        let records = (self.records_per_second / BATCHES_PER_SECOND).ceil();
        (records as usize).clamp(1, SOURCE_BATCH_RECORDS)
    }

    /// Nanoseconds after a batch of so many records.
    fn pause_ns(self, records: usize) -> u64 {
        (records as f64 * 1e9 / self.records_per_second) as u64
    }
}

/// A source slowed down.
pub(crate) struct Paced<S> {
    source: S,
    rate: Rate,
    clock: Arc<dyn Clock>,
}

impl<S: Source> Paced<S> {
    /// Reads `source`, which makes batches of [`Rate::batch_records`], at a rate.
    pub(crate) fn new(source: S, rate: Rate, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            rate,
            clock,
        }
    }
}

impl<S: Source> Source for Paced<S> {
    fn schema(&self) -> String {
        self.source.schema()
    }

    fn splits(&self, parallelism: u32) -> Result<Vec<SourceSplit>, ConnectorError> {
        self.source.splits(parallelism)
    }

    fn reader(
        &self,
        splits: Vec<SourceSplit>,
        context: SourceContext,
    ) -> Result<Box<dyn SourceReader>, ConnectorError> {
        Ok(Box::new(PacedReader {
            reader: self.source.reader(splits, context)?,
            rate: self.rate,
            clock: Arc::clone(&self.clock),
            due_ns: 0,
        }))
    }

    fn enumerator(
        &self,
        known: &[SourceSplit],
    ) -> Result<Option<Box<dyn SplitEnumerator>>, ConnectorError> {
        self.source.enumerator(known)
    }
}

struct PacedReader {
    reader: Box<dyn SourceReader>,
    rate: Rate,
    clock: Arc<dyn Clock>,
    /// When the next batch may be read.
    due_ns: u64,
}

impl SourceReader for PacedReader {
    fn poll(&mut self) -> Result<Polled, ConnectorError> {
        let now_ns = self.clock.monotonic_ns();
        if now_ns < self.due_ns {
            return Ok(Polled::Pending(Some(Duration::from_nanos(
                self.due_ns - now_ns,
            ))));
        }
        let polled = self.reader.poll()?;
        if let Polled::Records(batch, _) = &polled {
            self.due_ns = now_ns + self.rate.pause_ns(batch.len());
        }
        Ok(polled)
    }

    fn pause(&mut self, splits: &[SplitId]) -> bool {
        self.reader.pause(splits)
    }

    fn snapshot(&mut self) -> Vec<SourceSplit> {
        self.reader.snapshot()
    }

    fn add_splits(&mut self, splits: Vec<SourceSplit>) -> Result<(), ConnectorError> {
        self.reader.add_splits(splits)
    }

    fn checkpoint_completed(&mut self, checkpoint: CheckpointId) {
        self.reader.checkpoint_completed(checkpoint);
    }

    fn remaining(&self) -> Option<Progress> {
        self.reader.remaining()
    }
}

#[cfg(test)]
mod tests;

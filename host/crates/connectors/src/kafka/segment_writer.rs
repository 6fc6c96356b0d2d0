//! The writer of a sink that publishes exactly once: records become messages in segments, which belong to the checkpoint.
//!
//! Keeps: no broker is asked, so a broker that is away stops the checkpoints and not the task; what waits in memory is
//! limited. An epoch without records makes no transaction.

use std::collections::VecDeque;

use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::limits::{SINK_SEGMENT_BYTES, SINK_SEGMENTS_WAITING};
use dataflow::port::segment::{Segment, SegmentStore};
use dataflow::port::sink::{Committable, ConnectorError, SinkContext, SinkWriter};

use crate::kafka::failed;
use crate::kafka::message::MessageEncoder;
use crate::kafka::transaction::Transaction;

/// Writes the records of a subtask into segments.
pub(super) struct SegmentWriter {
    encoder: MessageEncoder,
    /// The group that holds the markers of this run.
    group: String,
    store: SegmentStore,
    buffer: Vec<u8>,
    segments: Vec<Segment>,
    /// Those that may not be stored yet, oldest first.
    waiting: VecDeque<Segment>,
}

impl SegmentWriter {
    /// A writer in its place; the prefix is that of the sink.
    pub(super) fn new(encoder: MessageEncoder, prefix: &str, context: &SinkContext) -> Self {
        Self {
            encoder,
            group: Transaction::group(prefix, &context.run),
            store: context.segments.clone(),
            buffer: Vec::new(),
            segments: Vec::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Ends the segment that is being filled.
    fn close(&mut self) -> Result<(), ConnectorError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if self.waiting.len() >= SINK_SEGMENTS_WAITING
            && let Some(oldest) = self.waiting.pop_front()
        {
            // Waits for the storage thread that is at it, or does its work.
            oldest
                .write()
                .map_err(|error| failed("store a segment of", &self.group, error))?;
        }
        let segment = self.store.put(std::mem::take(&mut self.buffer));
        self.waiting.push_back(segment.clone());
        self.segments.push(segment);
        Ok(())
    }
}

impl SinkWriter for SegmentWriter {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        for index in 0..records.len() {
            self.encoder.append(records, index, &mut self.buffer)?;
            if self.buffer.len() >= SINK_SEGMENT_BYTES {
                self.close()?;
            }
        }
        Ok(())
    }

    fn pre_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Committable>, ConnectorError> {
        self.close()?;
        if self.segments.is_empty() {
            return Ok(Vec::new());
        }
        let transaction = Transaction {
            group: self.group.clone(),
            epoch: checkpoint,
            segments: std::mem::take(&mut self.segments),
        };
        Ok(vec![transaction.into_committable()])
    }
}

#[cfg(test)]
mod tests;

//! Reads the partitions of one subtask, each through a queue of the client's that is looked at without waiting.
//!
//! The client fetches ahead on its own threads, within limits, and calls back when a queue is no longer empty; that wakes
//! the task. Keeps: a batch has records of one partition; positions are those after the last record that was given. A queue
//! that is not looked at fills up and is fetched no further, which is how a paused partition or a slow job stops the client.

use std::sync::Arc;
use std::time::Duration;

use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::ids::{CheckpointId, SplitId};
use dataflow::limits::{SOURCE_BATCH_BYTES, SOURCE_BATCH_RECORDS};
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{Polled, Progress, SourceReader, SourceSplit, Wake};
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Offset, TopicPartitionList};

use crate::kafka::context::Context;
use crate::kafka::options::SourceOptions;
use crate::kafka::position::Position;
use crate::kafka::record_decoder::RecordDecoder;
use crate::kafka::{NAME, failed, properties, reason};

/// The queues are looked at this often even if the client does not call.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(1);

/// Nothing is waited for on a task's thread.
const AT_ONCE: Duration = Duration::ZERO;

/// A partition that is being read.
struct Reading {
    id: SplitId,
    position: Position,
    /// `None` once it has ended.
    queue: Option<PartitionQueue<Context>>,
    paused: bool,
    /// Whether the task knows that it has ended.
    announced: bool,
}

/// The reader of one subtask.
pub(super) struct KafkaReader {
    options: Arc<SourceOptions>,
    consumer: Arc<BaseConsumer<Context>>,
    wake: Wake,
    readings: Vec<Reading>,
    /// Whose turn it is.
    turn: usize,
    /// Positions of the last snapshot.
    snapshot: Vec<(String, i32, i64)>,
    /// Messages that were no records.
    left_out: u64,
    /// Bytes of the record that is being made.
    record: Vec<u8>,
    total: u64,
}

impl KafkaReader {
    /// Begins to read the splits.
    pub(super) fn open(
        options: Arc<SourceOptions>,
        splits: &[SourceSplit],
        wake: Wake,
    ) -> Result<Self, ConnectorError> {
        let mut reader = Self {
            consumer: consumer(&options, splits.len(), &wake)?,
            options,
            wake,
            readings: Vec::with_capacity(splits.len()),
            turn: 0,
            snapshot: Vec::new(),
            left_out: 0,
            record: Vec::new(),
            total: 0,
        };
        reader.add(splits)?;
        reader.total = reader.left();
        Ok(reader)
    }

    fn add(&mut self, splits: &[SourceSplit]) -> Result<(), ConnectorError> {
        let first = self.readings.len();
        for split in splits {
            self.readings.push(Reading {
                id: split.id,
                position: Position::restore(&split.state)?,
                queue: None,
                paused: false,
                announced: false,
            });
        }
        self.assign(first)
    }

    /// Has the client fetch the partitions from the given one on.
    fn assign(&mut self, first: usize) -> Result<(), ConnectorError> {
        let mut wanted = TopicPartitionList::new();
        for Reading { position, .. } in &self.readings[first..] {
            if !position.ended {
                let next = Offset::Offset(position.next);
                wanted
                    .add_partition_offset(&position.topic, position.partition, next)
                    .map_err(|error| read_failed(position, reason(&error)))?;
            }
        }
        if wanted.count() == 0 {
            return Ok(());
        }
        self.consumer.incremental_assign(&wanted).map_err(|error| {
            failed(
                "read from",
                self.options.properties.servers(),
                reason(&error),
            )
        })?;
        for reading in &mut self.readings[first..] {
            let position = &reading.position;
            if position.ended {
                continue;
            }
            let queue = self
                .consumer
                .split_partition_queue(&position.topic, position.partition);
            let Some(mut queue) = queue else {
                return Err(read_failed(position, "the client has no queue for it"));
            };
            let wake = Arc::clone(&self.wake);
            queue.set_nonempty_callback(move || wake());
            reading.queue = Some(queue);
        }
        Ok(())
    }

    /// Begins anew at the positions. A message may reach the common queue in the moment between the assignment and the
    /// making of its own queue; it is fetched once more.
    fn reopen(&mut self) -> Result<(), ConnectorError> {
        for reading in &mut self.readings {
            reading.queue = None;
        }
        self.consumer = consumer(&self.options, self.readings.len(), &self.wake)?;
        self.assign(0)
    }

    /// What is said about no partition in particular.
    fn serve(&mut self) -> Result<(), ConnectorError> {
        let mut strayed = false;
        loop {
            match self.consumer.poll(AT_ONCE) {
                None => break,
                Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => strayed = true,
                Some(Err(error)) if passes(&error) => {}
                Some(Err(error)) => {
                    let servers = self.options.properties.servers();
                    return Err(failed("read from", servers, reason(&error)));
                }
            }
        }
        if strayed { self.reopen() } else { Ok(()) }
    }

    /// The next records of one partition.
    fn read(&mut self, index: usize) -> Result<Option<Polled>, ConnectorError> {
        let reading = &mut self.readings[index];
        let mut batch = Batch::default();
        while !reading.paused
            && let Some(queue) = &reading.queue
            && batch.len() < SOURCE_BATCH_RECORDS
            && batch.size_bytes() < SOURCE_BATCH_BYTES
        {
            match queue.poll(AT_ONCE) {
                None => break,
                Some(Ok(message)) => {
                    let (decoder, record) = (&self.options.decoder, &mut self.record);
                    let position = &mut reading.position;
                    self.left_out += take(decoder, position, &message, record, &mut batch)?;
                }
                // Everything before the end that was asked for when the split was made has been given.
                Some(Err(KafkaError::PartitionEOF(_))) => {
                    reading.position.ended = reading.position.stop.is_some();
                }
                Some(Err(error)) if passes(&error) => {}
                Some(Err(error)) => return Err(refused(&reading.position, &error)),
            }
            let position = &mut reading.position;
            position.ended |= position.stop.is_some_and(|stop| position.next >= stop);
            if position.ended {
                reading.queue = None;
            }
        }
        if !batch.is_empty() {
            return Ok(Some(Polled::Records(batch, reading.id)));
        }
        if reading.position.ended && !reading.announced {
            reading.announced = true;
            let ended = Polled::SplitEnded(reading.id);
            self.tell_left_out();
            return Ok(Some(ended));
        }
        Ok(None)
    }

    fn left(&self) -> u64 {
        let left = |reading: &Reading| match reading.position {
            Position { ended: true, .. } => 0,
            Position { next, stop, .. } => stop.unwrap_or(next).abs_diff(next),
        };
        self.readings.iter().map(left).sum()
    }

    fn tell_left_out(&mut self) {
        if self.left_out > 0 {
            let topics = self.options.topics.join(", ");
            tracing::warn!(
                topics,
                messages = self.left_out,
                "left out messages that are no records"
            );
            self.left_out = 0;
        }
    }
}

impl SourceReader for KafkaReader {
    fn poll(&mut self) -> Result<Polled, ConnectorError> {
        self.serve()?;
        for _ in 0..self.readings.len() {
            let index = self.turn;
            self.turn = (index + 1) % self.readings.len();
            if let Some(polled) = self.read(index)? {
                return Ok(polled);
            }
        }
        let ended = self.readings.iter().all(|reading| reading.position.ended);
        if ended && self.options.discovery.is_none() {
            return Ok(Polled::End);
        }
        Ok(Polled::Pending(Some(LOOK_AT_LEAST_EVERY)))
    }

    fn pause(&mut self, splits: &[SplitId]) -> bool {
        for reading in &mut self.readings {
            reading.paused = splits.contains(&reading.id);
        }
        true
    }

    fn snapshot(&mut self) -> Vec<SourceSplit> {
        self.tell_left_out();
        if self.options.commits {
            let offset = |reading: &Reading| {
                let Position {
                    topic,
                    partition,
                    next,
                    ..
                } = &reading.position;
                (topic.clone(), *partition, *next)
            };
            self.snapshot = self.readings.iter().map(offset).collect();
        }
        let readings = self.readings.iter();
        readings
            .map(|reading| reading.position.save(reading.id))
            .collect()
    }

    fn add_splits(&mut self, splits: Vec<SourceSplit>) -> Result<(), ConnectorError> {
        self.add(&splits)
    }

    /// Commits positions to the group, for those who watch it.
    fn checkpoint_completed(&mut self, _checkpoint: CheckpointId) {
        let mut offsets = TopicPartitionList::new();
        for (topic, partition, next) in self.snapshot.drain(..) {
            // Only a name with a zero byte is refused, and such a topic cannot be read.
            let _ = offsets.add_partition_offset(&topic, partition, Offset::Offset(next));
        }
        if offsets.count() > 0
            && let Err(error) = self.consumer.commit(&offsets, CommitMode::Async)
        {
            tracing::debug!(%error, "offsets were not committed to the group");
        }
    }

    fn remaining(&self) -> Option<Progress> {
        self.options.bounded.then(|| Progress {
            done: self.total - self.left().min(self.total),
            total: self.total,
        })
    }
}

fn consumer(
    options: &SourceOptions,
    partitions: usize,
    wake: &Wake,
) -> Result<Arc<BaseConsumer<Context>>, ConnectorError> {
    let client = options.consumer(partitions)?;
    let consumer = client.create_with_context(Context::default());
    let mut consumer: BaseConsumer<Context> =
        consumer.map_err(|error| properties::refused(&error))?;
    let wake = Arc::clone(wake);
    consumer.set_nonempty_callback(move || wake());
    Ok(Arc::new(consumer))
}

/// Adds the record of a message to a batch and moves the position behind it; gives how many were left out. `record` is
/// room for it.
fn take(
    decoder: &RecordDecoder,
    position: &mut Position,
    message: &BorrowedMessage<'_>,
    record: &mut Vec<u8>,
    batch: &mut Batch,
) -> Result<u64, ConnectorError> {
    let offset = message.offset();
    if position.stop.is_some_and(|stop| offset >= stop) {
        position.ended = true;
        return Ok(0);
    }
    record.clear();
    let decoded = decoder.decode(message.key(), message.payload(), record);
    position.next = offset + 1;
    match decoded {
        Ok(true) => {
            let timestamp = message.timestamp().to_millis().unwrap_or(NO_TIMESTAMP);
            batch.push(timestamp, &[], record);
            Ok(0)
        }
        Ok(false) => Ok(0),
        Err(_) if decoder.ignore_errors => Ok(1),
        Err(error) => Err(ConnectorError::BadRecord {
            connector: NAME,
            record: batch.count,
            reason: format!("{}, offset {offset}: {error}", position.name()),
        }),
    }
}

/// Whether the client goes on by itself when what is wrong has passed.
fn passes(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    let KafkaError::MessageConsumption(code) = error else {
        return false;
    };
    !matches!(
        code,
        Code::AutoOffsetReset
            | Code::OffsetOutOfRange
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::UnknownTopicOrPartition
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::SaslAuthenticationFailed
            | Code::Authentication
            | Code::UnsupportedCompressionType
            | Code::BadCompression
            | Code::BadMessage
            | Code::NotImplemented
            | Code::Fatal
    )
}

fn refused(position: &Position, error: &KafkaError) -> ConnectorError {
    use RDKafkaErrorCode as Code;
    match error.rdkafka_error_code() {
        Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
            let reason = format!(
                "offset {} is not there any more: the topic was cleaned up before it was read; restore an older job state or start anew without one",
                position.next
            );
            read_failed(position, reason)
        }
        Some(Code::UnknownTopic | Code::UnknownPartition | Code::UnknownTopicOrPartition) => {
            read_failed(position, "it does not exist any more")
        }
        _ => read_failed(position, reason(error)),
    }
}

fn read_failed(position: &Position, reason: impl std::fmt::Display) -> ConnectorError {
    failed("read", position.name(), reason)
}

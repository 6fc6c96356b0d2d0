//! The writer of a sink that sends at once: at least once, or without a guarantee.
//!
//! The client sends on its own threads. Keeps: with at-least-once a checkpoint waits until the brokers have everything
//! before it; a message that could not be delivered fails the job, which goes back to a checkpoint and sends it again. A
//! full buffer of the client stops the task, which is how slow brokers slow the job down.

use std::sync::Arc;
use std::time::Duration;

use dataflow::clock::Clock;
use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Committable, ConnectorError, SinkWriter};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::kafka::context::Context;
use crate::kafka::message::{Message, MessageEncoder, Messages};
use crate::kafka::options::{Guarantee, SinkOptions};
use crate::kafka::{failed, properties, reason};

/// How long the client is waited for before it is looked whether something went wrong.
const LOOK: Duration = Duration::from_millis(100);

/// How long brokers that are away are waited for; longer than the client takes to give a message up.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long is waited at the end of a writer that gives no guarantee.
const FAREWELL: Duration = Duration::from_secs(5);

/// Sends the records of a subtask.
pub(super) struct DirectWriter {
    options: Arc<SinkOptions>,
    producer: BaseProducer<Context>,
    encoder: MessageEncoder,
    clock: Arc<dyn Clock>,
    /// One message, encoded.
    scratch: Vec<u8>,
}

impl DirectWriter {
    /// Makes the client; it connects by itself.
    pub(super) fn open(
        options: Arc<SinkOptions>,
        encoder: MessageEncoder,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConnectorError> {
        let client = options.producer()?;
        let producer = client.create_with_context(Context::default());
        Ok(Self {
            producer: producer.map_err(|error| properties::refused(&error))?,
            options,
            encoder,
            clock,
            scratch: Vec::new(),
        })
    }

    /// Fails if a message was given up.
    fn check(&self) -> Result<(), ConnectorError> {
        match self.producer.context().take_undelivered() {
            Some(reason) => Err(self.failed(reason)),
            None => Ok(()),
        }
    }

    fn failed(&self, reason: impl std::fmt::Display) -> ConnectorError {
        let servers = self.options.properties.servers();
        failed(
            "write to",
            format!("topic {} of {servers}", self.options.topic),
            reason,
        )
    }

    /// Calls until it says that it is done; looks for messages that were given up in between.
    fn until(
        &self,
        mut done: impl FnMut(&Self) -> Result<bool, ConnectorError>,
    ) -> Result<(), ConnectorError> {
        let end_ns = self.clock.monotonic_ns() + PATIENCE.as_nanos() as u64;
        while !done(self)? {
            self.check()?;
            if self.clock.monotonic_ns() > end_ns {
                let seconds = PATIENCE.as_secs();
                return Err(self.failed(format!("no broker has taken it within {seconds} s")));
            }
        }
        self.check()
    }
}

impl SinkWriter for DirectWriter {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        for index in 0..records.len() {
            let mut scratch = std::mem::take(&mut self.scratch);
            scratch.clear();
            self.encoder.append(records, index, &mut scratch)?;
            for message in Messages::new(&scratch) {
                let message = message?;
                if !send(&self.producer, &self.options.topic, message)
                    .map_err(|e| self.failed(e))?
                {
                    self.until(|it| {
                        it.producer.poll(LOOK);
                        send(&it.producer, &it.options.topic, message).map_err(|e| it.failed(e))
                    })?;
                }
            }
            self.scratch = scratch;
        }
        self.producer.poll(Duration::ZERO);
        self.check()
    }

    fn flush(&mut self) -> Result<(), ConnectorError> {
        // The client sends by itself; this serves its reports.
        self.producer.poll(Duration::ZERO);
        self.check()
    }

    fn pre_commit(
        &mut self,
        _checkpoint: CheckpointId,
    ) -> Result<Vec<Committable>, ConnectorError> {
        if self.options.guarantee == Guarantee::AtLeastOnce {
            self.until(|it| match it.producer.flush(LOOK) {
                Ok(()) => Ok(true),
                Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)) => Ok(false),
                Err(error) => Err(it.failed(reason(&error))),
            })?;
        }
        Ok(Vec::new())
    }
}

impl Drop for DirectWriter {
    /// What was sent without a guarantee gets a chance.
    fn drop(&mut self) {
        if self.options.guarantee == Guarantee::None
            && let Err(error) = self.producer.flush(FAREWELL)
        {
            let topic = &self.options.topic;
            tracing::warn!(topic, %error, "messages were not delivered; the sink gives no guarantee");
        }
    }
}

/// Hands a message to the client; false if its buffer is full.
pub(super) fn send(
    producer: &BaseProducer<Context>,
    topic: &str,
    message: Message<'_>,
) -> Result<bool, String> {
    let mut record = BaseRecord::<[u8], [u8]>::to(topic).payload(message.value);
    if let Some(key) = message.key {
        record = record.key(key);
    }
    if let Some(timestamp) = message.timestamp {
        record = record.timestamp(timestamp);
    }
    match producer.send(record) {
        Ok(()) => Ok(true),
        Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => Ok(false),
        Err((error, _)) => Err(reason(&error)),
    }
}

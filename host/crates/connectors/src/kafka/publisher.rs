//! The committer of an exactly-once sink: publishes segments in one Kafka transaction together with their marker.
//!
//! 1. `init_transactions` under the transactional id of the sink: whoever had it before is fenced, and what they left open
//!    is aborted.
//! 2. The marker is read, with stable offsets only.
//! 3. What is newer than it is sent, the new marker with it, and the transaction is committed.
//!
//! Keeps: after any doubt, such as a commit without an answer, nothing of the old producer is used: it starts at 1 again,
//! and the marker tells what happened. So a segment is published once, whoever tries and however often.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dataflow::clock::Clock;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::ConnectorError;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::context::Context;
use crate::kafka::direct_writer::send;
use crate::kafka::message::Messages;
use crate::kafka::options::SinkOptions;
use crate::kafka::transaction::Transaction;
use crate::kafka::{ANSWER_TIMEOUT, failed, properties, reason};

/// How long brokers that are away are waited for before the job fails, and goes on by its restart strategy.
const PATIENCE: Duration = Duration::from_secs(45);

/// Time between two tries.
const BACKOFF: Duration = Duration::from_millis(200);

/// How long the commit of a transaction may take.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the client is waited for when its buffer is full.
const LOOK: Duration = Duration::from_millis(100);

/// Partition of the topic for which markers are offsets; a group has nothing else.
const MARKED_PARTITION: i32 = 0;

/// Why nothing was published, or nobody knows.
enum Doubt {
    /// It may help to begin anew.
    Passing(&'static str, String),
    /// Somebody else has taken the transactional id.
    Fenced(String),
    /// It will not help.
    Final(ConnectorError),
}

/// The committer of one sink.
pub(super) struct Publisher {
    options: Arc<SinkOptions>,
    clock: Arc<dyn Clock>,
    open: Option<Open>,
}

/// A producer that may write, and the markers that it knows by their groups.
struct Open {
    producer: BaseProducer<Context>,
    markers: BTreeMap<String, Marker>,
}

/// What was published of a run.
struct Marker {
    /// Speaks for the group; reads no records.
    group: BaseConsumer<Context>,
    /// The newest checkpoint; 0 if there is none.
    published: CheckpointId,
}

impl Publisher {
    /// A committer that has not connected.
    pub(super) fn new(options: Arc<SinkOptions>, clock: Arc<dyn Clock>) -> Self {
        Self {
            options,
            clock,
            open: None,
        }
    }

    /// Fences whoever published before, and aborts what they left open. Blocks.
    ///
    /// # Errors
    /// No broker answers for a while, or it refuses.
    pub(super) fn fence(&mut self) -> Result<(), ConnectorError> {
        self.until_certain(|it| it.opened().map(|_| ()))
    }

    /// Publishes what was not published. Blocks.
    ///
    /// # Errors
    /// No broker answers for a while, it refuses, or a segment cannot be read.
    pub(super) fn publish(&mut self, transactions: &[Transaction]) -> Result<(), ConnectorError> {
        self.until_certain(|it| it.attempt(transactions))
    }

    /// Tries until there is no doubt.
    fn until_certain(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<(), Doubt>,
    ) -> Result<(), ConnectorError> {
        let end_ns = self.clock.monotonic_ns() + PATIENCE.as_nanos() as u64;
        let mut fenced_before = false;
        loop {
            let doubt = match attempt(self) {
                Ok(()) => return Ok(()),
                Err(doubt) => doubt,
            };
            self.open = None;
            let over = self.clock.monotonic_ns() > end_ns;
            match doubt {
                Doubt::Final(error) => return Err(error),
                // A transaction that took too long looks alike, so there is a second try.
                Doubt::Fenced(reason) if fenced_before => {
                    let reason = format!(
                        "another process writes with this id ({reason}); give every running job its own `sink.transactional-id-prefix`"
                    );
                    return Err(failed("publish as", &self.options.prefix, reason));
                }
                Doubt::Fenced(reason) => {
                    fenced_before = true;
                    tracing::warn!(id = self.options.prefix, reason, "fenced, trying once more");
                }
                Doubt::Passing(action, reason) if over => return Err(self.failed(action, reason)),
                Doubt::Passing(action, reason) => {
                    let topic = &self.options.topic;
                    tracing::debug!(topic, action, reason, "in doubt, beginning anew");
                    std::thread::park_timeout(BACKOFF);
                }
            }
        }
    }

    fn failed(&self, action: &'static str, reason: impl std::fmt::Display) -> ConnectorError {
        let SinkOptions {
            topic, properties, ..
        } = &*self.options;
        failed(
            action,
            format!("topic {topic} of {}", properties.servers()),
            reason,
        )
    }

    fn opened(&mut self) -> Result<&mut Open, Doubt> {
        let open = match self.open.take() {
            Some(open) => open,
            None => Open::new(&self.options)?,
        };
        Ok(self.open.insert(open))
    }

    fn attempt(&mut self, transactions: &[Transaction]) -> Result<(), Doubt> {
        let options = Arc::clone(&self.options);
        let end_ns = self.clock.monotonic_ns() + PATIENCE.as_nanos() as u64;
        let clock = Arc::clone(&self.clock);
        let open = self.opened()?;
        let wanted = |group: &String| transactions.iter().any(|it| it.group == *group);
        open.markers.retain(|group, _| wanted(group));
        let mut newest = BTreeMap::new();
        let mut missing = Vec::new();
        for transaction in transactions {
            if open.published(&options, &transaction.group)? < transaction.epoch {
                let newest = newest.entry(&transaction.group);
                let newest = newest.or_insert(transaction.epoch);
                *newest = transaction.epoch.max(*newest);
                missing.push(transaction);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        // An epoch whose checkpoint was given up is published with the next one, in front of it.
        missing.sort_by_key(|transaction| transaction.epoch);
        let begun = open.producer.begin_transaction();
        begun.map_err(|error| doubt("begin a transaction for", &error))?;
        let over = || clock.monotonic_ns() > end_ns;
        for segment in missing.iter().flat_map(|transaction| &transaction.segments) {
            let bytes = segment.read().map_err(|error| {
                Doubt::Final(failed("read a segment for", &options.topic, error))
            })?;
            open.send(&options.topic, &bytes, &over)?;
        }
        for (group, epoch) in &newest {
            open.mark(&options, group, *epoch)?;
        }
        let committed = open.producer.commit_transaction(COMMIT_TIMEOUT);
        committed.map_err(|error| doubt("commit a transaction for", &error))?;
        open.check()?;
        for (group, epoch) in newest {
            if let Some(marker) = open.markers.get_mut(group) {
                marker.published = epoch;
            }
        }
        Ok(())
    }
}

impl Open {
    fn new(options: &SinkOptions) -> Result<Self, Doubt> {
        let client = options.producer().map_err(Doubt::Final)?;
        let producer = client.create_with_context(Context::default());
        let producer: BaseProducer<Context> =
            producer.map_err(|error| Doubt::Final(properties::refused(&error)))?;
        let fenced = producer.init_transactions(ANSWER_TIMEOUT);
        fenced.map_err(|error| doubt("prepare transactions for", &error))?;
        Ok(Self {
            producer,
            markers: BTreeMap::new(),
        })
    }

    /// The newest checkpoint of a run that was published; 0 if there is none.
    fn published(&mut self, options: &SinkOptions, name: &str) -> Result<CheckpointId, Doubt> {
        if let Some(known) = self.markers.get(name) {
            return Ok(known.published);
        }
        let group = client_of(options, name)?;
        let asked = marked(options, Offset::Invalid)?;
        let found = group.committed_offsets(asked, ANSWER_TIMEOUT);
        let found = found.map_err(|error| doubt("read the marker of", &error))?;
        let published = match found.find_partition(&options.topic, MARKED_PARTITION) {
            Some(found) => {
                let answered = found.error();
                answered.map_err(|error| doubt("read the marker of", &error))?;
                match found.offset() {
                    Offset::Offset(epoch) => CheckpointId(epoch.unsigned_abs()),
                    _ => CheckpointId(0),
                }
            }
            None => CheckpointId(0),
        };
        self.markers
            .insert(name.to_owned(), Marker { group, published });
        Ok(published)
    }

    /// Makes a marker part of the transaction.
    fn mark(&self, options: &SinkOptions, group: &str, epoch: CheckpointId) -> Result<(), Doubt> {
        let offset = i64::try_from(epoch.0).unwrap_or(i64::MAX);
        let offsets = marked(options, Offset::Offset(offset))?;
        let marker = self.markers.get(group);
        let Some(metadata) = marker.and_then(|marker| marker.group.group_metadata()) else {
            return Err(Doubt::Passing("mark", "the client has no group".to_owned()));
        };
        let sent = self
            .producer
            .send_offsets_to_transaction(&offsets, &metadata, ANSWER_TIMEOUT);
        sent.map_err(|error| doubt("send the marker for", &error))
    }

    /// Sends the messages of a segment.
    fn send(&self, topic: &str, segment: &[u8], over: &dyn Fn() -> bool) -> Result<(), Doubt> {
        for message in Messages::new(segment) {
            let message = message.map_err(Doubt::Final)?;
            while !send(&self.producer, topic, message)
                .map_err(|e| Doubt::Passing("write to", e))?
            {
                self.producer.poll(LOOK);
                self.check()?;
                if over() {
                    return Err(Doubt::Passing("write to", "no broker takes it".to_owned()));
                }
            }
        }
        self.producer.poll(Duration::ZERO);
        self.check()
    }

    fn check(&self) -> Result<(), Doubt> {
        match self.producer.context().take_undelivered() {
            Some(reason) => Err(Doubt::Passing("write to", reason)),
            None => Ok(()),
        }
    }
}

/// The offset of the group that is the marker.
fn marked(options: &SinkOptions, offset: Offset) -> Result<TopicPartitionList, Doubt> {
    let mut list = TopicPartitionList::with_capacity(1);
    let added = list.add_partition_offset(&options.topic, MARKED_PARTITION, offset);
    added.map_err(|error| doubt("name the marker of", &error))?;
    Ok(list)
}

/// A client that may ask about a group, and speak for it.
fn client_of(options: &SinkOptions, group: &str) -> Result<BaseConsumer<Context>, Doubt> {
    let fixed = [
        ("group.id", group),
        // Offsets of a transaction that is under way are waited for.
        ("isolation.level", "read_committed"),
        ("enable.auto.commit", "false"),
    ];
    let client = options.consumer(&fixed).map_err(Doubt::Final)?;
    let consumer = client.create_with_context(Context::default());
    consumer.map_err(|error| Doubt::Final(properties::refused(&error)))
}

fn doubt(action: &'static str, error: &KafkaError) -> Doubt {
    use RDKafkaErrorCode as Code;
    let said = match error {
        KafkaError::Transaction(error) => error.to_string(),
        other => reason(other),
    };
    match error.rdkafka_error_code() {
        Some(Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch) => {
            Doubt::Fenced(said)
        }
        Some(
            Code::InvalidTransactionTimeout
            | Code::TransactionalIdAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::SaslAuthenticationFailed
            | Code::Authentication
            | Code::UnsupportedFeature
            | Code::MessageSizeTooLarge,
        ) => Doubt::Final(failed(action, "the topic", said)),
        _ => Doubt::Passing(action, said),
    }
}

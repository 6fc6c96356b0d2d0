//! What a cluster says about topics: whether they exist, which partitions they have, and where those begin and end.
//!
//! Calls block, each for [`ANSWER_TIMEOUT`] at most: they are made where a job is checked, deployed or looks for partitions.

use std::time::Duration;

use dataflow::port::sink::ConnectorError;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::context::Context;
use crate::kafka::options::{Reset, Start};
use crate::kafka::{ANSWER_TIMEOUT, failed, properties, reason};

/// A partition without a leader is asked about again: so often, after so long.
const ELECTION_TRIES: u32 = 50;
const ELECTION_BACKOFF: Duration = Duration::from_millis(100);

/// A partition: its topic and its number.
pub(super) type Partition = (String, i32);

/// A client that asks.
pub(super) struct Cluster {
    consumer: BaseConsumer<Context>,
    servers: String,
}

impl Cluster {
    /// A client of the brokers; it does not connect yet.
    ///
    /// # Errors
    /// The client refuses its settings.
    pub(super) fn new(client: &ClientConfig, servers: &str) -> Result<Self, ConnectorError> {
        let consumer = client.create_with_context(Context::default());
        Ok(Self {
            consumer: consumer.map_err(|error| properties::refused(&error))?,
            servers: servers.to_owned(),
        })
    }

    /// The partitions of topics, in order.
    ///
    /// # Errors
    /// No broker answers, or a topic does not exist.
    pub(super) fn partitions(&self, topics: &[String]) -> Result<Vec<Partition>, ConnectorError> {
        let mut partitions = Vec::new();
        for topic in topics {
            let metadata = self.consumer.fetch_metadata(Some(topic), ANSWER_TIMEOUT);
            let metadata = metadata.map_err(|error| self.unreachable(&error))?;
            let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
                return Err(self.failed_topic(topic, "the broker does not mention it"));
            };
            if let Some(error) = found.error() {
                let reason = match RDKafkaErrorCode::from(error) {
                    RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => {
                        "there is no such topic; create it, or correct `topic`".to_owned()
                    }
                    other => other.to_string(),
                };
                return Err(self.failed_topic(topic, reason));
            }
            let mut numbers: Vec<i32> = found.partitions().iter().map(|it| it.id()).collect();
            numbers.sort_unstable();
            partitions.extend(numbers.into_iter().map(|number| (topic.clone(), number)));
        }
        Ok(partitions)
    }

    /// Where to begin in each of the partitions.
    ///
    /// # Errors
    /// No broker answers, or the group has no offset and none is to be assumed.
    pub(super) fn starts(
        &self,
        start: Start,
        partitions: &[Partition],
    ) -> Result<Vec<i64>, ConnectorError> {
        let mut ranges = Vec::with_capacity(partitions.len());
        for partition in partitions {
            ranges.push(self.range(partition)?);
        }
        match start {
            Start::Earliest => Ok(ranges.into_iter().map(|(first, _)| first).collect()),
            Start::Latest => Ok(ranges.into_iter().map(|(_, end)| end).collect()),
            Start::Timestamp(ms) => {
                let asked = list(partitions, Offset::Offset(ms))?;
                let found = self.consumer.offsets_for_times(asked, ANSWER_TIMEOUT);
                let found = found.map_err(|error| self.unreachable(&error))?;
                let offset = |((topic, number), (_, end)): (&Partition, (i64, i64))| {
                    offset_in(&found, topic, *number).unwrap_or(end)
                };
                Ok(partitions.iter().zip(ranges).map(offset).collect())
            }
            Start::Group(reset) => {
                let asked = list(partitions, Offset::Invalid)?;
                let found = self.consumer.committed_offsets(asked, ANSWER_TIMEOUT);
                let found = found.map_err(|error| self.unreachable(&error))?;
                let mut offsets = Vec::with_capacity(partitions.len());
                for (partition, (first, end)) in partitions.iter().zip(ranges) {
                    let committed = offset_in(&found, &partition.0, partition.1);
                    let committed = committed.filter(|offset| (first..=end).contains(offset));
                    offsets.push(match (committed, reset) {
                        (Some(offset), _) => offset,
                        (None, Reset::Earliest) => first,
                        (None, Reset::Latest) => end,
                        (None, Reset::Refuse) => {
                            let reason = format!(
                                "the group has no offset in partition {}, or one that is gone; set `properties.auto.offset.reset` to earliest or latest",
                                partition.1
                            );
                            return Err(self.failed_topic(&partition.0, reason));
                        }
                    });
                }
                Ok(offsets)
            }
        }
    }

    /// Where the partitions end: behind the last record that readers see.
    ///
    /// # Errors
    /// No broker answers.
    pub(super) fn ends(&self, partitions: &[Partition]) -> Result<Vec<i64>, ConnectorError> {
        let end = |partition: &Partition| Ok(self.range(partition)?.1);
        partitions.iter().map(end).collect()
    }

    fn range(&self, (topic, partition): &Partition) -> Result<(i64, i64), ConnectorError> {
        let mut range = self
            .consumer
            .fetch_watermarks(topic, *partition, ANSWER_TIMEOUT);
        for _ in 0..ELECTION_TRIES {
            if !range.as_ref().is_err_and(is_electing) {
                break;
            }
            std::thread::park_timeout(ELECTION_BACKOFF);
            range = self
                .consumer
                .fetch_watermarks(topic, *partition, ANSWER_TIMEOUT);
        }
        range.map_err(|error| {
            let target = format!("topic {topic}, partition {partition} of {}", self.servers);
            failed("ask for the offsets of", target, reason(&error))
        })
    }

    fn failed_topic(&self, topic: &str, reason: impl std::fmt::Display) -> ConnectorError {
        failed(
            "look at",
            format!("topic {topic} of {}", self.servers),
            reason,
        )
    }

    fn unreachable(&self, error: &KafkaError) -> ConnectorError {
        let reason = format!(
            "no broker has answered within {} s ({}); see that one runs there and `properties.bootstrap.servers` is right",
            ANSWER_TIMEOUT.as_secs(),
            reason(error)
        );
        failed("ask", &self.servers, reason)
    }
}

/// Whether a partition has a leader soon: it was just made, or its leader has just gone.
fn is_electing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    let code = error.rdkafka_error_code();
    matches!(
        code,
        Some(Code::NotLeaderForPartition | Code::LeaderNotAvailable)
    )
}

fn list(partitions: &[Partition], offset: Offset) -> Result<TopicPartitionList, ConnectorError> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        list.add_partition_offset(topic, *partition, offset)
            .map_err(|error| failed("ask for the offsets of", topic, reason(&error)))?;
    }
    Ok(list)
}

/// The offset that an answer has for a partition, if it has one.
fn offset_in(found: &TopicPartitionList, topic: &str, partition: i32) -> Option<i64> {
    match found.find_partition(topic, partition)?.offset() {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    }
}

//! A Kafka broker on loopback, started by the script that users would start it with, and a client of it. One that cannot be
//! had fails the test.
//!
//! A broker ends with this process at the latest: the script ends it when its standard input is closed.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use super::languages::root;
use super::wait::within;

/// No answer takes longer unless something hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// A message as it is read back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Told {
    /// Its key; empty if it has none.
    pub(crate) key: String,
    /// What it says.
    pub(crate) value: String,
}

/// A broker.
pub(crate) struct Broker {
    process: Child,
    /// Held open: the broker ends with it.
    _input: Option<ChildStdin>,
    port: u16,
    directory: Option<PathBuf>,
}

impl Broker {
    /// The one that tests share which leave it alone.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Broker> = OnceLock::new();
        SHARED.get_or_init(|| Self::at(0, None))
    }

    /// One of a test's own that can be ended and started again.
    pub(crate) fn own(directory: PathBuf) -> Self {
        Self::at(0, Some(directory))
    }

    fn at(port: u16, directory: Option<PathBuf>) -> Self {
        let mut command = Command::new(root().join("scripts/kafka-server.sh"));
        command.args(["--until-eof", &port.to_string()]);
        let mut process = command
            .args(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash is there");
        let out = process.stdout.take().expect("it is piped");
        let mut line = String::new();
        let read = BufReader::new(out).read_line(&mut line);
        let port = read
            .ok()
            .and_then(|_| line.trim().rsplit_once(':')?.1.parse().ok());
        Self {
            port: port.unwrap_or_else(|| {
                panic!("scripts/kafka-server.sh did not start a broker; it says why above")
            }),
            _input: process.stdin.take(),
            process,
            directory,
        }
    }

    /// Its address.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kills it.
    pub(crate) fn stop(&mut self) {
        // The script has become the server, so this is its process.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it again where it was.
    pub(crate) fn start_again(&mut self) {
        let directory = self.directory.clone();
        assert!(directory.is_some(), "the shared broker is left alone");
        *self = Self::at(self.port, directory);
    }

    /// Stops or continues its process; the shell does it, since a signal cannot be sent with safe Rust.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.process.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.expect("sh starts").success(), "{kill}");
    }

    fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", self.address());
        client
    }

    /// Makes a topic.
    pub(crate) fn topic(&self, name: &str, partitions: i32) -> String {
        let admin: AdminClient<DefaultClientContext> = self.client().create().expect("a client");
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let options = AdminOptions::new().operation_timeout(Some(LIMIT));
        let made = runtime
            .expect("a runtime")
            .block_on(admin.create_topics([&topic], &options));
        for result in made.expect("the broker answers") {
            result.unwrap_or_else(|(name, code)| panic!("topic {name}: {code}"));
        }
        let settled = within(LIMIT, || self.ends(name).filter(|_| partitions > 0));
        assert!(settled.is_some(), "topic {name} has no leaders");
        name.to_owned()
    }

    /// Writes messages; those of one key go to one partition.
    pub(crate) fn write(&self, topic: &str, messages: impl IntoIterator<Item = (String, String)>) {
        let producer: BaseProducer = self
            .client()
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "1")
            .create()
            .expect("a client");
        for (key, value) in messages {
            let mut record = BaseRecord::to(topic).key(&key).payload(&value);
            loop {
                match producer.send(record) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                        producer.poll(Duration::from_millis(10));
                        record = back;
                    }
                    Err((error, _)) => panic!("write to {topic}: {error}"),
                }
            }
        }
        producer
            .flush(LIMIT)
            .expect("the broker takes the messages");
    }

    /// Everything that readers of committed messages see, in the order of each partition, one partition after the other.
    pub(crate) fn read(&self, topic: &str) -> Vec<Told> {
        let consumer: BaseConsumer = self
            .client()
            .set("group.id", "tests")
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .create()
            .expect("a client");
        let metadata = consumer
            .fetch_metadata(Some(topic), LIMIT)
            .expect("metadata");
        let partitions = metadata.topics()[0].partitions().len();
        let mut told = Vec::new();
        for partition in 0..partitions as i32 {
            let mut one = TopicPartitionList::new();
            one.add_partition_offset(topic, partition, Offset::Beginning)
                .expect("a partition");
            consumer.assign(&one).expect("it can be read");
            loop {
                match consumer.poll(LIMIT) {
                    Some(Ok(message)) => {
                        let text = |bytes: Option<&[u8]>| {
                            String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
                        };
                        told.push(Told {
                            key: text(message.key()),
                            value: text(message.payload()),
                        });
                    }
                    Some(Err(KafkaError::PartitionEOF(at))) if at == partition => break,
                    Some(Err(_)) => {}
                    None => panic!("{topic}, partition {partition}: no end within {LIMIT:?}"),
                }
            }
        }
        told
    }

    /// Whether readers of committed messages see so many. The ends of partitions alone do not tell: markers of transactions
    /// count there, too.
    pub(crate) fn has(&self, topic: &str, messages: usize) -> bool {
        let ends = self.ends(topic).unwrap_or_default();
        ends >= messages as i64 && self.read(topic).len() >= messages
    }

    /// The ends of all partitions added up, unless one of them has no leader at the moment.
    fn ends(&self, topic: &str) -> Option<i64> {
        let consumer: BaseConsumer = self.client().create().expect("a client");
        let metadata = consumer.fetch_metadata(Some(topic), LIMIT).ok()?;
        let partitions = metadata.topics().first()?.partitions().len();
        let end = |partition| {
            let range = consumer.fetch_watermarks(topic, partition, LIMIT);
            range.ok().map(|(_, end)| end)
        };
        (0..partitions as i32).map(end).sum()
    }

    /// Where a group is in all partitions of a topic, added up; 0 where it has never been.
    pub(crate) fn committed(&self, group: &str, topic: &str, partitions: i32) -> i64 {
        let consumer: BaseConsumer = self
            .client()
            .set("group.id", group)
            .create()
            .expect("a client");
        let mut asked = TopicPartitionList::new();
        asked.add_partition_range(topic, 0, partitions - 1);
        let found = consumer.committed_offsets(asked, LIMIT).expect("offsets");
        let offset = |offset| match offset {
            Offset::Offset(offset) => offset,
            _ => 0,
        };
        found.elements().iter().map(|it| offset(it.offset())).sum()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
    }
}

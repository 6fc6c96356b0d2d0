//! The keys of the `kafka` source and sink, checked without asking a broker. Their names are those of Flink's connector.

use std::time::Duration;

use dataflow::port::sink::ConnectorError;
use serde::Deserialize;
use serde_json::Value;

use crate::config;
use crate::kafka::NAME;
use crate::kafka::key::KeyFormat;
use crate::kafka::properties::Properties;
use crate::kafka::record_decoder::RecordDecoder;
use crate::record_format::{FormatName, RecordFormat};
use crate::schema::Schema;
use crate::text_format::TextFormat;

/// The group whose name the client insists on; nothing is committed to it.
const NO_GROUP: &str = "wasmill";

/// Flink's time between two looks for new partitions.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// A time: milliseconds, or a text with a unit.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a time such as 5min, or milliseconds")]
enum Interval {
    Ms(u64),
    Text(String),
}

impl Interval {
    fn duration(&self) -> Result<Duration, ConnectorError> {
        match self {
            Self::Ms(ms) => Ok(Duration::from_millis(*ms)),
            Self::Text(text) => humantime::parse_duration(text).map_err(|error| {
                let reason = format!("`scan.topic-partition-discovery.interval` {text}: {error}");
                config::wrong(NAME, reason)
            }),
        }
    }
}

/// One name, several with `;`, or a list.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a name, several with `;`, or a list of names")]
enum Names {
    Text(String),
    List(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Names {
    fn list(self) -> Vec<String> {
        match self {
            Self::Text(text) => text.split(';').map(|name| name.trim().to_owned()).collect(),
            Self::List(names) => names,
        }
    }

    fn topics(self) -> Result<Vec<String>, ConnectorError> {
        let mut names = self.list();
        names.sort();
        names.dedup();
        let bad = |name: &String| name.is_empty() || name.contains('\0');
        if names.is_empty() || names.iter().any(bad) {
            return Err(config::wrong(NAME, "`topic` names no topic"));
        }
        Ok(names)
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StartupMode {
    EarliestOffset,
    LatestOffset,
    GroupOffsets,
    Timestamp,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum BoundedMode {
    #[default]
    Unbounded,
    LatestOffset,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceKeys {
    #[serde(alias = "topics")]
    topic: Names,
    #[serde(rename = "scan.startup.mode")]
    startup_mode: Option<StartupMode>,
    #[serde(rename = "scan.startup.timestamp-millis")]
    startup_timestamp: Option<i64>,
    #[serde(rename = "scan.bounded.mode", default)]
    bounded_mode: BoundedMode,
    #[serde(rename = "scan.topic-partition-discovery.interval")]
    discovery: Option<Interval>,
    #[serde(rename = "value.format", alias = "format", default)]
    format: FormatName,
    #[serde(rename = "key.fields", default)]
    key_fields: Names,
    schema: Option<Value>,
    separator: Option<String>,
    #[serde(default)]
    ignore_errors: bool,
}

/// Where a source begins that has no positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At the first record that is there.
    Earliest,
    /// Behind the last record that is there.
    Latest,
    /// Where the group is, and where it has never been, as the second says.
    Group(Reset),
    /// At the first record that is not older (milliseconds since the Unix epoch).
    Timestamp(i64),
}

/// Where a source begins in a partition in which its group has never been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reset {
    /// At the first record.
    Earliest,
    /// Behind the last record.
    Latest,
    /// Nowhere: that is an error.
    Refuse,
}

/// What a source does.
pub(super) struct SourceOptions {
    /// Settings of the client.
    pub(super) properties: Properties,
    /// Topics, sorted.
    pub(super) topics: Vec<String>,
    /// Where it begins.
    pub(super) start: Start,
    /// Whether it ends where the topics end when it begins.
    pub(super) bounded: bool,
    /// Time between two looks for new partitions, if there are any.
    pub(super) discovery: Option<Duration>,
    /// How a message is a record.
    pub(super) decoder: RecordDecoder,
    /// The schema of the records (JSON text).
    pub(super) schema: String,
    /// Whether positions are committed to the group.
    pub(super) commits: bool,
}

impl SourceOptions {
    /// Reads and checks the keys.
    pub(super) fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let (mut properties, keys) = Properties::split(keys)?;
        let mut keys: SourceKeys = config::parse(NAME, keys)?;
        properties.must_name_brokers()?;
        let reset = match properties.take("auto.offset.reset").as_deref() {
            None | Some("earliest") => Reset::Earliest,
            Some("latest") => Reset::Latest,
            Some("none") => Reset::Refuse,
            Some(_) => {
                let reason = "`properties.auto.offset.reset` is one of earliest, latest, none";
                return Err(config::wrong(NAME, reason));
            }
        };
        let commits = properties.get("group.id").is_some();
        let start = start(&keys, commits, reset)?;
        let bounded = matches!(keys.bounded_mode, BoundedMode::LatestOffset);
        let interval = keys
            .discovery
            .as_ref()
            .map(Interval::duration)
            .transpose()?;
        let discovery = match interval {
            Some(interval) if bounded && !interval.is_zero() => {
                let reason =
                    "`scan.topic-partition-discovery.interval` is not for a source that ends";
                return Err(config::wrong(NAME, reason));
            }
            _ if bounded => None,
            interval => Some(interval.unwrap_or(DISCOVERY_INTERVAL)).filter(|it| !it.is_zero()),
        };
        let schema = keys.schema.as_ref();
        let schema = schema.map_or_else(|| "\"string\"".to_owned(), Value::to_string);
        let key_fields = std::mem::take(&mut keys.key_fields).list();
        let decoder = decoder(&keys, &key_fields)?;
        let options = Self {
            topics: keys.topic.topics()?,
            start,
            bounded,
            discovery,
            decoder,
            schema,
            commits,
            properties,
        };
        options.consumer(1)?;
        Ok(options)
    }

    /// The client that reads so many partitions.
    pub(super) fn consumer(
        &self,
        partitions: usize,
    ) -> Result<rdkafka::ClientConfig, ConnectorError> {
        // The client holds so much for each partition that is read apart from the others.
        let kbytes = (64 * 1024 / partitions.max(1)).max(1024).to_string();
        let defaults = [
            ("group.id", NO_GROUP),
            ("queued.max.messages.kbytes", &kbytes),
        ];
        let fixed = [
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("enable.partition.eof", "true"),
            // Records that are gone are an error, not a gap.
            ("auto.offset.reset", "error"),
        ];
        self.properties.client(&defaults, &fixed)
    }
}

fn start(keys: &SourceKeys, has_group: bool, reset: Reset) -> Result<Start, ConnectorError> {
    let mode = keys.startup_mode.unwrap_or(if has_group {
        StartupMode::GroupOffsets
    } else {
        StartupMode::EarliestOffset
    });
    match (mode, keys.startup_timestamp) {
        (StartupMode::Timestamp, Some(ms)) if ms >= 0 => Ok(Start::Timestamp(ms)),
        (StartupMode::Timestamp, _) => {
            let reason = "`scan.startup.mode` timestamp needs `scan.startup.timestamp-millis`, milliseconds since 1970";
            Err(config::wrong(NAME, reason))
        }
        (_, Some(_)) => {
            let reason =
                "`scan.startup.timestamp-millis` is for `scan.startup.mode` timestamp only";
            Err(config::wrong(NAME, reason))
        }
        (StartupMode::EarliestOffset, None) => Ok(Start::Earliest),
        (StartupMode::LatestOffset, None) => Ok(Start::Latest),
        (StartupMode::GroupOffsets, None) if has_group => Ok(Start::Group(reset)),
        (StartupMode::GroupOffsets, None) => {
            let reason = "`scan.startup.mode` group-offsets needs `properties.group.id`";
            Err(config::wrong(NAME, reason))
        }
    }
}

fn decoder(keys: &SourceKeys, key_fields: &[String]) -> Result<RecordDecoder, ConnectorError> {
    let format = RecordFormat::try_new(
        NAME,
        "value.format",
        keys.format,
        keys.schema.as_ref(),
        keys.separator.as_deref(),
    )?;
    if matches!(format, RecordFormat::Text) && keys.ignore_errors {
        let reason = "`ignore_errors` is for `value.format` json and csv only";
        return Err(config::wrong(NAME, reason));
    }
    RecordDecoder::try_new(format, key_fields, keys.ignore_errors)
}

/// When records count as delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Guarantee {
    /// Each exactly once, in a transaction per checkpoint.
    ExactlyOnce,
    /// Each once or more often: a checkpoint waits for them.
    #[default]
    AtLeastOnce,
    /// Some may be lost.
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SinkKeys {
    topic: String,
    #[serde(rename = "value.format", alias = "format", default)]
    format: TextFormat,
    #[serde(rename = "key.fields", default)]
    key_fields: Names,
    #[serde(rename = "key.format")]
    key_format: Option<KeyFormat>,
    #[serde(rename = "sink.delivery-guarantee", default)]
    guarantee: Guarantee,
    #[serde(rename = "sink.transactional-id-prefix")]
    prefix: Option<String>,
}

/// What a sink does.
pub(super) struct SinkOptions {
    /// Settings of the client.
    pub(super) properties: Properties,
    /// The topic.
    pub(super) topic: String,
    /// How a record is a message.
    pub(super) format: TextFormat,
    /// Fields that make the key; none for messages without one.
    pub(super) key_fields: Vec<String>,
    /// How they make it.
    pub(super) key_format: KeyFormat,
    /// When records count as delivered.
    pub(super) guarantee: Guarantee,
    /// The transactional id, and the begin of the names of the groups that hold markers; empty without transactions.
    pub(super) prefix: String,
}

impl SinkOptions {
    /// Reads and checks the keys.
    pub(super) fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let (properties, keys) = Properties::split(keys)?;
        let keys: SinkKeys = config::parse(NAME, keys)?;
        properties.must_name_brokers()?;
        let topic = Names::List(vec![keys.topic]).topics()?.remove(0);
        let exactly_once = keys.guarantee == Guarantee::ExactlyOnce;
        let prefix = match keys.prefix {
            Some(prefix) if !prefix.is_empty() && !prefix.contains('\0') => prefix,
            None if !exactly_once => String::new(),
            _ => {
                let reason = "`sink.delivery-guarantee` exactly-once needs `sink.transactional-id-prefix`: a name that no other running job uses";
                return Err(config::wrong(NAME, reason));
            }
        };
        let key_fields = keys.key_fields.list();
        if keys.key_format.is_some() && key_fields.is_empty() {
            return Err(config::wrong(NAME, "`key.format` needs `key.fields`"));
        }
        let options = Self {
            properties,
            topic,
            format: keys.format,
            key_format: keys
                .key_format
                .unwrap_or_else(|| KeyFormat::of(key_fields.len())),
            key_fields,
            guarantee: keys.guarantee,
            prefix,
        };
        options.producer()?;
        Ok(options)
    }

    /// A client that asks.
    pub(super) fn consumer(
        &self,
        fixed: &[(&str, &str)],
    ) -> Result<rdkafka::ClientConfig, ConnectorError> {
        let group = [("group.id", NO_GROUP)];
        self.properties.client(&group, fixed)
    }

    /// The client that writes, with transactions if that is asked for.
    pub(super) fn producer(&self) -> Result<rdkafka::ClientConfig, ConnectorError> {
        let defaults = [
            // As Kafka's own clients do it, so that a key is in one partition whoever writes.
            ("partitioner", "murmur2_random"),
            ("linger.ms", "5"),
            ("queue.buffering.max.kbytes", "65536"),
        ];
        let mut fixed = vec![("delivery.report.only.error", "true")];
        match self.guarantee {
            Guarantee::ExactlyOnce => {
                fixed.push(("transactional.id", &self.prefix));
                let mut defaults = defaults.to_vec();
                // Long enough for a large epoch; brokers take up to a quarter of an hour.
                defaults.push(("transaction.timeout.ms", "600000"));
                return self.properties.client(&defaults, &fixed);
            }
            Guarantee::AtLeastOnce => fixed.push(("enable.idempotence", "true")),
            Guarantee::None => fixed.push(("enable.idempotence", "false")),
        }
        let mut defaults = defaults.to_vec();
        defaults.push(("delivery.timeout.ms", "60000"));
        self.properties.client(&defaults, &fixed)
    }
}

/// The schema of a sink's input must have the fields of the key.
pub(super) fn field(schema: &Schema, name: &str) -> Result<usize, ConnectorError> {
    let found = match schema {
        Schema::Record(record) => record.fields.iter().position(|field| field.name == name),
        _ => None,
    };
    found.ok_or_else(|| {
        let reason =
            format!("`key.fields` has `{name}`, but the records have no field of that name");
        config::wrong(NAME, reason)
    })
}

#[cfg(test)]
mod tests;

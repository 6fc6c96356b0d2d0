//! Sources and sinks of the host, as typed builders over their configuration.
//!
//! A builder only writes JSON; the host checks it. A connector that has no builder here is named by [`Connector`].

use serde_json::{Map, Value, json};

use crate::row::{Row, schema_of};

/// A connector to read from.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// What the console shows.
    pub(crate) type_name: &'static str,
    /// The configuration, with its `type`.
    pub(crate) config: Value,
}

/// A connector to write to.
#[derive(Clone, Debug)]
pub struct SinkSpec {
    /// What the console shows.
    pub(crate) type_name: &'static str,
    /// The configuration, with its `type`.
    pub(crate) config: Value,
}

macro_rules! connector {
    ($type:ty, $name:literal, $($role:ident)+) => {
        $(impl From<$type> for $role {
            fn from(connector: $type) -> Self {
                Self {
                    type_name: $name,
                    config: Value::Object(connector.0),
                }
            }
        })+
    };
}

/// Starts a configuration.
fn config(type_name: &str) -> Map<String, Value> {
    let mut config = Map::new();
    config.insert("type".to_owned(), json!(type_name));
    config
}

/// Any connector, by its type and keys.
#[derive(Clone, Debug)]
pub struct Connector(Map<String, Value>);

impl Connector {
    /// The connector of this type.
    pub fn new(type_name: &str) -> Self {
        Self(config(type_name))
    }

    /// Sets a key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }
}

connector!(Connector, "connector", SourceSpec SinkSpec);

/// Lines of text files: as a source every line of a file, a directory or a glob pattern, as a sink one line per record
/// in a directory. Records are strings.
#[derive(Clone, Debug)]
pub struct TextFiles(Map<String, Value>);

impl TextFiles {
    /// The files at this path.
    pub fn new(path: impl Into<String>) -> Self {
        let mut config = config("text-files");
        config.insert("path".to_owned(), json!(path.into()));
        Self(config)
    }

    /// A source of records of type `T`, one JSON object a line.
    pub fn json_lines<T: Row>(path: impl Into<String>) -> Self {
        Self::new(path)
            .format("json-lines")
            .with("schema", schema_of::<T>())
    }

    /// A source of records of type `T`, fields separated by commas in the order of `T`.
    pub fn csv<T: Row>(path: impl Into<String>) -> Self {
        Self::new(path)
            .format("csv")
            .with("schema", schema_of::<T>())
    }

    /// As a sink: how a record becomes a line, `lines` (the default), `json-lines` or `csv`.
    #[must_use]
    pub fn format(self, format: &str) -> Self {
        self.with("format", format)
    }

    /// As a source: looks for more files every `interval_ms` as long as the job runs, so the job does not end by
    /// itself. A file is read when two looks see it unchanged; one that changes later is read again from the start.
    #[must_use]
    pub fn watch_continuously(self, interval_ms: i64) -> Self {
        self.with("watch", "continuous")
            .with("interval_ms", interval_ms)
    }

    /// As a source: reads only files whose name (or path below the directory, if there is a `/`) matches a pattern.
    #[must_use]
    pub fn include(self, patterns: &[&str]) -> Self {
        self.with("include", json!(patterns))
    }

    /// As a source: leaves out files whose name (or path below the directory, if there is a `/`) matches a pattern.
    #[must_use]
    pub fn exclude(self, patterns: &[&str]) -> Self {
        self.with("exclude", json!(patterns))
    }

    /// As a source: how many lines a second a subtask reads, at most; 0 for as many as possible.
    #[must_use]
    pub fn rate(self, lines_per_second: i64) -> Self {
        match lines_per_second {
            0 => self,
            rate => self.with("rate", rate),
        }
    }

    /// As a sink: puts records into sub-directories `<field>=<value>` by a text field of theirs.
    #[must_use]
    pub fn partition_by(self, field: &str) -> Self {
        self.with("partition_by", field)
    }

    /// Sets any other key of the connector.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }
}

connector!(TextFiles, "text files", SourceSpec SinkSpec);

/// Values written in the plan, for examples and tests.
#[derive(Clone, Debug)]
pub struct Collection(Map<String, Value>);

impl Collection {
    /// These values as JSON, of the type that the source is asked for.
    pub fn of<T: Row>(values: impl IntoIterator<Item = Value>) -> Self {
        let mut config = config("collection");
        config.insert("schema".to_owned(), schema_of::<T>());
        config.insert("values".to_owned(), values.into_iter().collect());
        Self(config)
    }
}

connector!(Collection, "collection", SourceSpec);

/// Lines over TCP, as a client: as a source those that a listener sends, as a sink one per record and subtask.
#[derive(Clone, Debug)]
pub struct Socket(Map<String, Value>);

impl Socket {
    /// The listener to connect to.
    pub fn new(host: &str, port: u16) -> Self {
        let mut config = config("socket");
        config.insert("host".to_owned(), json!(host));
        config.insert("port".to_owned(), json!(port));
        Self(config)
    }
}

connector!(Socket, "socket", SourceSpec SinkSpec);

/// Deterministic test data, computed by the host.
#[derive(Clone, Debug)]
pub struct Generator(Map<String, Value>);

impl Generator {
    fn data(data: &str) -> Self {
        let mut config = config("generator");
        config.insert("data".to_owned(), json!(data));
        Self(config)
    }

    /// Bids: `auction`, `bidder`, `price`, `ts`, all long.
    pub fn bids() -> Self {
        Self::data("bids")
    }

    /// Pairs: `key`, `one`, both long.
    pub fn pairs() -> Self {
        Self::data("pairs")
    }

    /// Persons and auctions: `kind` (0 person, 1 auction), `id`, `seller`, `category`, `price`, `ts`, all long, and
    /// `name`, `city`, `state`, strings that are empty for auctions.
    pub fn events() -> Self {
        Self::data("events")
    }

    /// Stamped pairs: `key`, `one`, `stamp_ns`, all long.
    pub fn latency() -> Self {
        Self::data("latency")
    }

    /// How many records.
    #[must_use]
    pub fn count(self, records: i64) -> Self {
        self.with("events", records)
    }

    /// How many different keys.
    #[must_use]
    pub fn keys(self, keys: i64) -> Self {
        self.with("keys", keys)
    }

    /// How many records there are in a millisecond of event time.
    #[must_use]
    pub fn per_ms(self, records: i64) -> Self {
        self.with("epm", records)
    }

    /// How many records a second to give, in all; 0 for as many as possible.
    #[must_use]
    pub fn rate(self, records_per_second: i64) -> Self {
        match records_per_second {
            0 => self,
            rate => self.with("rate", rate),
        }
    }

    fn with(mut self, key: &str, value: i64) -> Self {
        self.0.insert(key.to_owned(), json!(value));
        self
    }
}

connector!(Generator, "generator", SourceSpec);

/// Counts records and adds up their hashes, to compare results.
#[derive(Clone, Debug)]
pub struct Checksum(Map<String, Value>);

impl Checksum {
    /// The sink.
    pub fn new() -> Self {
        Self(config("checksum"))
    }
}

impl Default for Checksum {
    fn default() -> Self {
        Self::new()
    }
}

connector!(Checksum, "checksum", SinkSpec);

/// Gives the records to whoever started the job, when it has finished: `wasmill run` prints them as JSON lines. For
/// bounded jobs with results that fit in memory.
#[derive(Clone, Debug)]
pub struct Collect(Map<String, Value>);

impl Collect {
    /// The sink.
    pub fn new() -> Self {
        Self(config("collect"))
    }

    /// How many bytes of JSON the result may have; 16 MiB unless this says otherwise.
    #[must_use]
    pub fn max_bytes(mut self, bytes: i64) -> Self {
        self.0.insert("max_bytes".to_owned(), json!(bytes));
        self
    }
}

impl Default for Collect {
    fn default() -> Self {
        Self::new()
    }
}

connector!(Collect, "collect", SinkSpec);

/// Measures the time since a stamp that the source has put into the record (nanoseconds).
#[derive(Clone, Debug)]
pub struct Latency(Map<String, Value>);

impl Latency {
    /// The stamp is in this field.
    pub fn of(field: &str) -> Self {
        let mut config = config("latency");
        config.insert("field".to_owned(), json!(field));
        Self(config)
    }
}

connector!(Latency, "latency", SinkSpec);

/// Prints records to the standard output of the process.
#[derive(Clone, Debug)]
pub struct Print(Map<String, Value>);

impl Print {
    /// The sink.
    pub fn new() -> Self {
        Self(config("print"))
    }
}

impl Default for Print {
    fn default() -> Self {
        Self::new()
    }
}

connector!(Print, "print", SinkSpec);

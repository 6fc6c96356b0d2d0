//! Kafka: a source of the records of topics, and a sink that publishes in transactions.
//!
//! The client is librdkafka. [`source`] reads a partition of a topic as a split; [`sink`] writes at once, or, exactly once,
//! into segments that [`publisher`] publishes when their checkpoint is complete, in one transaction with a marker that
//! says so. Keeps: nothing here waits for a broker on a task's thread but a writer that is slowed down by it; what the
//! broker or the checkpoint hands in becomes an error, never a panic. The threads are the client's own and end with it.

use dataflow::port::sink::ConnectorError;
use rdkafka::error::KafkaError;

pub use sink::KafkaSink;
pub use source::KafkaSource;

mod cluster;
mod context;
mod direct_writer;
mod discovery;
mod key;
pub(crate) mod message;
mod options;
pub(crate) mod position;
mod properties;
mod publisher;
mod reader;
mod record_decoder;
mod segment_writer;
pub mod sink;
pub mod source;
pub(crate) mod transaction;

/// The name users know.
const NAME: &str = "kafka";

/// How long a broker may take to answer a question that is asked once.
const ANSWER_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// What goes wrong with a topic or broker.
fn failed(
    action: &'static str,
    target: impl std::fmt::Display,
    reason: impl std::fmt::Display,
) -> ConnectorError {
    ConnectorError::External {
        connector: NAME,
        action,
        target: target.to_string(),
        reason: reason.to_string(),
    }
}

/// What the client says, in one line and without its frame.
fn reason(error: &KafkaError) -> String {
    match error.rdkafka_error_code() {
        Some(code) => format!("{code}"),
        None => error.to_string(),
    }
}

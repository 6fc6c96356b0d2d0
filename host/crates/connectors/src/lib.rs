//! Sources and sinks: the doors through which records enter and leave a job, one outside system per file.
//!
//! Every connector implements `dataflow::port::source` or `dataflow::port::sink` and is made from the `connector` object
//! of a plan by [`source`] or [`sink`]. Nothing in here knows tasks, guests or checkpoints beyond those two ports. The
//! few threads (sockets) are named, owned by a reader and joined when it is dropped.
//!
//! Reading order: [`schema`] and [`row`] (how values are encoded), [`record_hash`] (what a checksum is), then the
//! connectors: [`collection`], [`generator`], [`text_files`], [`kafka`], [`socket`], [`mod@print`], [`checksum`], [`collect`],
//! [`blackhole`], [`latency`]. Shared by several of them: `lines`, `paced`, `record_format`, `text_format`,
//! `saved`, `accepted`.
#![forbid(unsafe_code)]

use std::sync::Arc;

use dataflow::clock::Clock;
use dataflow::port::sink::Sink;
use dataflow::port::source::Source;
use serde_json::Value;

pub use dataflow::port::sink::ConnectorError;

mod accepted;
pub mod blackhole;
pub mod checksum;
pub mod collect;
pub mod collection;
mod config;
#[doc(hidden)]
pub mod decoders;
pub mod error;
pub mod generator;
pub mod kafka;
pub mod latency;
mod lines;
mod paced;
pub mod print;
mod record_format;
pub mod record_hash;
pub mod row;
mod saved;
pub mod schema;
pub mod socket;
pub mod text_files;
mod text_format;

/// The types a source may have.
pub const SOURCES: [&str; 5] = ["collection", "generator", "kafka", "socket", "text-files"];

/// The types a sink may have.
pub const SINKS: [&str; 8] = [
    "blackhole",
    "checksum",
    "collect",
    "kafka",
    "latency",
    "print",
    "socket",
    "text-files",
];

/// Makes the source that the `connector` object of a plan describes.
///
/// # Errors
/// An unknown type or key, a value that does not fit, or an input that does not exist.
pub fn source(config: &Value, clock: Arc<dyn Clock>) -> Result<Arc<dyn Source>, ConnectorError> {
    let (kind, keys) = config::split_type(config, "source", &SOURCES)?;
    Ok(match kind.as_str() {
        "collection" => Arc::new(collection::CollectionSource::try_new(keys)?),
        "generator" => Arc::new(generator::GeneratorSource::try_new(keys, clock)?),
        "kafka" => Arc::new(kafka::KafkaSource::try_new(keys)?),
        "socket" => Arc::new(socket::SocketSource::try_new(keys)?),
        "text-files" => {
            let source = text_files::TextFileSource::try_new(keys)?;
            match source.rate() {
                Some(rate) => Arc::new(paced::Paced::new(source, rate, clock)),
                None => Arc::new(source),
            }
        }
        other => return Err(config::unknown_type(other, "source", &SOURCES)),
    })
}

/// Makes the sink that the `connector` object of a plan describes.
///
/// # Errors
/// An unknown type or key, or a value that does not fit.
pub fn sink(config: &Value, clock: Arc<dyn Clock>) -> Result<Arc<dyn Sink>, ConnectorError> {
    let (kind, keys) = config::split_type(config, "sink", &SINKS)?;
    Ok(match kind.as_str() {
        "blackhole" => Arc::new(blackhole::BlackholeSink::try_new(keys)?),
        "checksum" => Arc::new(checksum::ChecksumSink::try_new(keys)?),
        "collect" => Arc::new(collect::CollectSink::try_new(keys)?),
        "kafka" => Arc::new(kafka::KafkaSink::try_new(keys, clock)?),
        "latency" => Arc::new(latency::LatencySink::try_new(keys, clock)?),
        "print" => Arc::new(print::PrintSink::try_new(keys)?),
        "socket" => Arc::new(socket::SocketSink::try_new(keys)?),
        "text-files" => Arc::new(text_files::TextFileSink::try_new(keys)?),
        other => return Err(config::unknown_type(other, "sink", &SINKS)),
    })
}

#[cfg(test)]
mod tests;

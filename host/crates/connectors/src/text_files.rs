//! Text files in local directories: a source of lines and an exactly-once sink of part files.
//!
//! [`source`] reads files by byte ranges in parallel, [`sink`] publishes a file when its checkpoint is complete. The
//! names of unfinished files begin with a dot, and the source does not see such files.

pub use sink::TextFileSink;
pub use source::TextFileSource;

mod listing;
mod monitor;
mod options;
mod part_file;
mod part_writer;
mod partition;
mod range;
pub mod sink;
pub mod source;

/// The name users know.
const NAME: &str = "text-files";

/// What goes wrong with a file or directory.
fn failed(
    action: &'static str,
    target: &std::path::Path,
    reason: impl std::fmt::Display,
) -> dataflow::port::sink::ConnectorError {
    dataflow::port::sink::ConnectorError::External {
        connector: NAME,
        action,
        target: target.display().to_string(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests;

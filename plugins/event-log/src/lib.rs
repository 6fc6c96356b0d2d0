//! An event log: the lines of every file that appears in a directory, appended once and for all to a log with offsets.
//!
//! The log is a directory of segments. The name of a segment says at which offset it begins and how many events it has,
//! so a consumer finds any offset by the names alone, reads on from there, and remembers one number. Segments are
//! published when a checkpoint is complete and never change after that: every event is in the log exactly once, and the
//! offsets have no gaps, through crashes and at any parallelism.

mod segments;

use wasmill_sdk::prelude::*;

use crate::segments::EventLog;

/// An event as the log keeps it.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// What happened: a line of a file.
    pub(crate) line: String,
}

#[wasmill_sdk::job]
fn event_log(env: &mut Env) -> Result<(), JobError> {
    let path: String = env
        .param("path")
        .describe("directory that is watched")
        .default("plugins/event-log/inbox")?;
    let rate: i64 = env
        .param("rate")
        .describe("lines to read a second, 0 for as many as possible")
        .default(0)?;
    let watch_ms: i64 = env
        .param("watch")
        .describe("milliseconds between two looks for new files, 0 to end with those there are")
        .default(1000)?;
    let files = TextFiles::new(path).rate(rate);
    let files = match watch_ms {
        0 => files,
        _ => files.watch_continuously(watch_ms),
    };
    env.source::<String>(files)
        .uid("files")
        .map(|line| Event { line })
        .uid("events")
        .add_sink(|ctx| EventLog::new(ctx.files()))
        .uid("log")
        .name("log");
    Ok(())
}

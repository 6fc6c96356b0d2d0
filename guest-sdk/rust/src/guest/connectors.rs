//! The exported calls of `wit/source.wit` and `wit/sink.wit`: bindings in, bindings out, the open task in between.

use std::rc::Rc;

use super::bindings::exports::wasmill::dataflow::source as exported;
use super::bindings::{self, Failure, Moment};
use super::exports::{moment, refuse, with_task};
use crate::column::Batch;
use crate::error::Error;
use crate::sink::SinkNode;
use crate::source::{PollStatus, SourceNode};
use crate::task::CallFailure;

fn source() -> Result<Rc<dyn SourceNode>, Failure> {
    with_task(|task| task.source().map_err(CallFailure::from))
}

fn sink() -> Result<Rc<dyn SinkNode>, Failure> {
    with_task(|task| task.sink().map_err(CallFailure::from))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "used as a function of map_err"
)]
fn failed(error: Error) -> Failure {
    refuse(None, &error)
}

/// `source.splits`.
///
/// # Errors
/// User code failed the call.
pub fn source_splits(parallelism: u32) -> Result<Vec<Vec<u8>>, Failure> {
    source()?.splits(parallelism).map_err(failed)
}

/// `source.poll`.
///
/// # Errors
/// User code failed the call.
pub fn source_poll(
    now: Moment,
    split: u32,
    position: &[u8],
    max_records: u32,
) -> Result<exported::Polled, Failure> {
    let polled = source()?.poll(moment(now), split, position, max_records);
    let polled = polled.map_err(failed)?;
    Ok(exported::Polled {
        records: polled.records.into(),
        position: polled.position,
        status: match polled.status {
            PollStatus::More => exported::PollStatus::More,
            PollStatus::Wait(ms) => exported::PollStatus::Wait(ms),
            PollStatus::Ended => exported::PollStatus::Ended,
        },
    })
}

/// `source.close`.
///
/// # Errors
/// User code failed the call.
pub fn source_close() -> Result<(), Failure> {
    source()?.close().map_err(failed)
}

/// `sink.begin`.
///
/// # Errors
/// User code failed the call.
pub fn sink_begin(now: Moment, name: &str) -> Result<Vec<u8>, Failure> {
    sink()?.begin(moment(now), name).map_err(failed)
}

/// `sink.write`.
///
/// # Errors
/// User code or a record failed the call.
pub fn sink_write(
    now: Moment,
    transaction: &[u8],
    records: bindings::Batch,
) -> Result<Vec<u8>, Failure> {
    let records = Batch::from(records);
    let written = sink()?.write(moment(now), transaction, &records);
    written.map_err(|failure| refuse(failure.record, &failure.error))
}

/// `sink.pre-commit`.
///
/// # Errors
/// User code failed the call.
pub fn sink_pre_commit(transaction: &[u8], checkpoint: u64) -> Result<Vec<u8>, Failure> {
    sink()?.pre_commit(transaction, checkpoint).map_err(failed)
}

/// `sink.commit`.
///
/// # Errors
/// User code failed the call.
pub fn sink_commit(committables: &[Vec<u8>]) -> Result<(), Failure> {
    sink()?.commit(committables).map_err(failed)
}

/// `sink.abort`.
///
/// # Errors
/// User code failed the call.
pub fn sink_abort(transaction: &[u8]) -> Result<(), Failure> {
    sink()?.abort(transaction).map_err(failed)
}

/// `sink.recover`.
///
/// # Errors
/// User code failed the call.
pub fn sink_recover(committables: &[Vec<u8>]) -> Result<(), Failure> {
    sink()?.recover(committables).map_err(failed)
}

/// `sink.close`.
///
/// # Errors
/// User code failed the call.
pub fn sink_close() -> Result<(), Failure> {
    sink()?.close().map_err(failed)
}

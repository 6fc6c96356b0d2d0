//! What an unaligned checkpoint has of the streams: the elements that its barrier overtook, by channel, and what the task
//! had begun to do; and the form in which a task's part of it is saved.
//!
//! The law: a channel's elements are those that were sent before the barrier and not processed before the snapshot, in
//! order. A restored task does what it had begun first, then what was in its input channels; what was in its output goes
//! out before anything new. Barriers are nobody's any more after a restore, the end of a channel comes again from the
//! task in front of it, and whether a channel is idle is found out anew: a watermark may be late, never early. So none of
//! these is saved.
//!
//! The form: a version, then inputs, outputs and work, each list preceded by its length (u32, little endian). Equal
//! values have equal bytes. Bytes that are something else are refused by name, never a panic.

use thiserror::Error;

use crate::checkpoint::in_flight_form::{Reader, Writer};
use crate::element::{Batch, MalformedBatch, StreamElement};
use crate::ids::SplitId;

/// The version of the form.
const VERSION: u32 = 1;

/// What was in flight in and around one task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InFlight {
    /// By channel of the task's gate: records and watermarks. Empty if there were none in any.
    pub inputs: Vec<Vec<StreamElement>>,
    /// By edge of the task and subtask behind it: records and watermarks. Empty if there were none on any.
    pub outputs: Vec<Vec<Vec<StreamElement>>>,
    /// What the task had begun, first things first.
    pub work: Vec<PendingWork>,
}

/// Something a task had begun when the barrier overtook it.
#[derive(Clone, Debug, PartialEq)]
pub enum PendingWork {
    /// To process these records of an input; the split they are from, if the chain has a source.
    Records(u32, Option<SplitId>, Batch),
    /// To take this for the event time of an assigner (its place among those of the chain), or else of the input.
    EventTime(Option<u32>, i64),
    /// To tell the chain and those behind it of that event time.
    Announce(Option<u32>, i64),
    /// To fire the event-time timers up to this time.
    FireTimers(i64),
}

/// Saved bytes are not what was in flight of a task.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InFlightError {
    /// They end in the middle.
    #[error("data in flight: it ends too early")]
    TooShort,
    /// More follows than there should be.
    #[error("data in flight: {0} bytes follow its end")]
    TooLong(usize),
    /// Another build wrote it.
    #[error("data in flight: it has format {0}, this build reads {VERSION}")]
    Version(u32),
    /// No element or work has this code.
    #[error("data in flight: there is no {what} with code {code}")]
    Code {
        /// What was to be read.
        what: &'static str,
        /// What was there.
        code: u8,
    },
    /// Its records are no batch.
    #[error("data in flight: {0}")]
    Batch(#[from] MalformedBatch),
    /// It is that of a task with other channels.
    #[error("data in flight: it has {saved} {what}, the task has {now}")]
    Shape {
        /// What differs.
        what: &'static str,
        /// How many were saved.
        saved: usize,
        /// How many there are.
        now: usize,
    },
}

impl InFlight {
    /// Whether nothing was in flight.
    pub fn is_empty(&self) -> bool {
        let no_outputs = self.outputs.iter().flatten().all(Vec::is_empty);
        self.inputs.iter().all(Vec::is_empty) && no_outputs && self.work.is_empty()
    }

    /// The bytes to save.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.number(VERSION);
        out.number(self.inputs.len() as u32);
        self.inputs.iter().for_each(|it| out.elements(it));
        out.number(self.outputs.len() as u32);
        for edge in &self.outputs {
            out.number(edge.len() as u32);
            edge.iter().for_each(|it| out.elements(it));
        }
        out.number(self.work.len() as u32);
        self.work.iter().for_each(|it| out.work(it));
        out.bytes
    }

    /// Reads what [`InFlight::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn decode(bytes: &[u8]) -> Result<Self, InFlightError> {
        let mut from = Reader(bytes);
        let version = from.number()?;
        if version != VERSION {
            return Err(InFlightError::Version(version));
        }
        let inputs = from.list(Reader::elements)?;
        let outputs = from.list(|from| from.list(Reader::elements))?;
        let work = from.list(Reader::work)?;
        match from.0.len() {
            0 => Ok(Self {
                inputs,
                outputs,
                work,
            }),
            more => Err(InFlightError::TooLong(more)),
        }
    }

    /// Checks that it is that of a task with so many input channels and so many subtasks behind each of its edges.
    ///
    /// # Errors
    /// It is another task's.
    pub fn fits(&self, inputs: usize, outputs: &[usize]) -> Result<(), InFlightError> {
        let same = |what, saved: usize, now: usize| match saved {
            0 => Ok(()),
            saved if saved == now => Ok(()),
            saved => Err(InFlightError::Shape { what, saved, now }),
        };
        same("input channels", self.inputs.len(), inputs)?;
        same("edges", self.outputs.len(), outputs.len())?;
        let mut edges = self.outputs.iter().zip(outputs);
        edges.try_for_each(|(saved, now)| same("output channels", saved.len(), *now))
    }
}

#[cfg(test)]
mod tests;

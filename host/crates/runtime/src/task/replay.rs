//! Dead letters that are processed once more, as if they arrived now.
//!
//! Invariant: that a letter was taken is written to the sink of dead letters in the same step in which its record is
//! processed, and no snapshot lies between. So a checkpoint has either both or nothing of it, and a letter that no
//! checkpoint has is still there. A record that fails again is a new letter. What was sent by the chain's head beside the
//! fragment was sent when the record first came, and is not sent again.
//!
//! It says nothing about event time: that has moved on, and a record of the past is late if it is late.

use std::collections::VecDeque;

use dataflow::element::Batch;
use dataflow::port::error::Domain;

use crate::task::error::TaskError;
use crate::task::figures::add;
use crate::task::poison::PoisonWish;
use crate::task::step::{Task, Work, moment};

/// The key of a record of the sink of dead letters that says which letter was taken; letters have none.
pub const TAKEN: &[u8] = b"taken";

/// A dead letter for a task.
#[derive(Clone, Debug)]
pub struct ReplayedLetter {
    /// The input of the task that its record came by.
    pub input: u32,
    /// The record, alone.
    pub record: Batch,
    /// Which letter it is, for the sink that keeps it.
    pub taken: Vec<u8>,
}

impl Task {
    /// Processes the first of some letters. A task whose input has ended takes none.
    ///
    /// # Errors
    /// As for any record that fails, if that is not left out; or a sink refuses.
    pub(super) fn replay(
        &mut self,
        mut letters: VecDeque<ReplayedLetter>,
    ) -> Result<(), TaskError> {
        let PoisonWish::DeadLetter(sink, _) = &self.spec.poison else {
            return Ok(());
        };
        let (sink, letter) = (*sink, letters.pop_front());
        let (Some(letter), Some(operator)) = (letter, &mut self.operator) else {
            return Ok(());
        };
        if self.finished {
            return Ok(());
        }
        if !letters.is_empty() {
            self.todo.push_front(Work::Replay(letters));
        }
        let mut taken = Batch::default();
        taken.push(self.now_ms, TAKEN, &letter.taken);
        self.outlets.write_sink(sink, &taken)?;
        add(&self.environment.figures.records_in, 1);
        self.split = None;
        operator.call().moment = moment(self.now_ms, self.watermark);
        match operator.process(letter.input, &letter.record) {
            Ok(_) => {
                operator.call().observed.clear();
                self.commit()
            }
            Err(error) if error.domain() == Domain::User => {
                operator.revive()?;
                self.leave_out(letter.input, &letter.record, &error)
            }
            Err(error) => Err(error.into()),
        }
    }
}

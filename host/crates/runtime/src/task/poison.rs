//! Records that a chain cannot process: found by halving the batch they came in, then left out and counted, and kept as
//! dead letters if the job wants that.
//!
//! Invariant: a call that failed never happened, so replaying its halves as calls of their own changes nothing but the
//! size of the calls. What is left out is exactly one record per failure, and it is counted or the job fails. Dead
//! letters are written to a sink of the task, so they are exactly once as all output is.

use std::sync::Arc;

use dataflow::element::Batch;
use dataflow::ids::{OperatorId, SplitId};
use dataflow::port::error::Domain;
use dataflow::port::guest_settings::DeadLetter;
use dataflow::port::operator::OperatorError;

use crate::task::error::TaskError;
use crate::task::figures::add;
use crate::task::step::{Task, Work};

/// Writes a dead letter as a record of the sink that keeps it.
pub type WriteLetter = Arc<dyn Fn(&DeadLetter<'_>) -> Vec<u8> + Send + Sync>;

/// What becomes of records that the chain cannot process.
#[derive(Clone, Default)]
pub enum PoisonWish {
    /// The job fails.
    #[default]
    Fail,
    /// They are left out.
    Skip,
    /// They are left out and written to a sink of the task.
    DeadLetter(OperatorId, WriteLetter),
}

impl Task {
    /// The chain failed at records: looks for the one that is to blame, or leaves it out.
    ///
    /// # Errors
    /// The job is to fail at bad records, or something other than the chain failed.
    #[cold]
    pub(super) fn isolate(
        &mut self,
        input: u32,
        mut batch: Batch,
        split: Option<SplitId>,
        error: OperatorError,
    ) -> Result<(), TaskError> {
        let fails = matches!(self.spec.poison, PoisonWish::Fail);
        let Some(operator) = self.operator.as_mut().filter(|_| !fails) else {
            return Err(error.into());
        };
        if error.domain() != Domain::User {
            return Err(error.into());
        }
        operator.revive()?;
        if batch.len() > 1 {
            let rest = batch.split_off(cut(&error, batch.len()));
            self.todo.push_front(Work::Records(input, rest, split));
            self.todo.push_front(Work::Records(input, batch, split));
            return Ok(());
        }
        self.leave_out(input, &batch, &error)?;
        if self.outlets.head_is_used() {
            self.outlets.write_head(batch, self.now_ns)?;
        }
        Ok(())
    }

    /// Leaves a record out, as the job wants it.
    ///
    /// # Errors
    /// The sink of dead letters refuses it.
    pub(super) fn leave_out(
        &mut self,
        input: u32,
        record: &Batch,
        error: &OperatorError,
    ) -> Result<(), TaskError> {
        let figures = &self.environment.figures;
        let PoisonWish::DeadLetter(sink, write) = &self.spec.poison else {
            add(&figures.records_skipped, 1);
            return Ok(());
        };
        let letter = write(&DeadLetter {
            subtask: self.spec.id.subtask,
            input,
            record,
            error,
            after: self.last_snapshot,
            at_ms: self.now_ms,
        });
        let mut kept = Batch::default();
        kept.push(self.now_ms, &[], &letter);
        self.outlets.write_sink(*sink, &kept)?;
        add(&figures.dead_letters, 1);
        Ok(())
    }

    /// An error of a call that was no record's: it fails the job whatever happens to bad records.
    pub(super) fn unskippable(&self, what: &'static str, source: OperatorError) -> TaskError {
        match self.spec.poison {
            PoisonWish::Fail => source.into(),
            PoisonWish::Skip | PoisonWish::DeadLetter(..) => TaskError::Unskippable {
                what,
                source: Box::new(source),
            },
        }
    }
}

/// Where to cut a batch of several records: before the one that the guest named, behind it if it is the first, and in
/// the middle if it named none.
fn cut(error: &OperatorError, count: usize) -> usize {
    match error.record().map(|record| record as usize) {
        Some(0) => 1,
        Some(record) if record < count => record,
        _ => count / 2,
    }
}

//! The sink of the dead letters of one chain: JSON lines in part files, by the same two phases as every file sink, and
//! a count that is part of every checkpoint.
//!
//! A record with the key [`TAKEN`] is no letter but says which one was replayed. Those are kept in the same way in part files
//! of their own, which [`super::folder`] tells from the others by the name of the run.
//!
//! Invariant: not more are kept than allowed, over all restarts of a job; one more fails it. Whether a letter was replayed
//! is published with the checkpoint that has what came of it, and taken back with that.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataflow::clock::Clock;
use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{
    Committable, ConnectorError, ReportValue, Sink, SinkContext, SinkReport, SinkWriter,
};
use runtime::task::replay::TAKEN;
use serde_json::json;

use super::folder::run_of_taken;

/// Keeps the dead letters of one chain.
pub(super) struct DeadLetterSink {
    operator: String,
    folder: PathBuf,
    files: Arc<dyn Sink>,
    max: u64,
}

impl DeadLetterSink {
    /// A sink of at most `max` letters a subtask into files of a folder, which is made by the first letter.
    ///
    /// # Errors
    /// The folder is there and is none.
    pub(super) fn new(
        operator: &str,
        folder: PathBuf,
        max: u64,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, ConnectorError> {
        let files = json!({ "type": "text-files", "path": folder, "format": "lines" });
        let files = connectors::sink(&files, Arc::clone(clock))?;
        files.accepts("\"string\"")?;
        Ok(Self {
            operator: operator.to_owned(),
            folder,
            files,
            max,
        })
    }

    fn folder(&self) -> Option<&Path> {
        self.folder.is_dir().then_some(&self.folder)
    }
}

impl Sink for DeadLetterSink {
    fn accepts(&self, schema: &str) -> Result<(), ConnectorError> {
        self.files.accepts(schema)
    }

    fn writer(
        &self,
        context: SinkContext,
        restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let mut count = 0_u64;
        for state in &restored {
            let bytes = <[u8; 8]>::try_from(&state[..]).map_err(|_| ConnectorError::Corrupt {
                connector: "dead-letters",
                reason: format!("{} bytes instead of the 8 of a count", state.len()),
            })?;
            count = count.saturating_add(u64::from_le_bytes(bytes));
        }
        Ok(Box::new(DeadLetterWriter {
            operator: self.operator.clone(),
            files: Arc::clone(&self.files),
            context,
            open: None,
            taken: None,
            count,
            max: self.max,
        }))
    }

    fn commit(&self, committables: &[Committable]) -> Result<(), ConnectorError> {
        self.files.commit(committables)
    }

    fn withdraw(&self, restored: CheckpointId, runs: &[String]) -> Result<(), ConnectorError> {
        let taken = runs.iter().map(|run| run_of_taken(run));
        let runs: Vec<String> = runs.iter().cloned().chain(taken).collect();
        self.folder()
            .map_or(Ok(()), |_| self.files.withdraw(restored, &runs))
    }

    fn recover(&self, restored: &[Committable]) -> Result<(), ConnectorError> {
        self.folder()
            .map_or(Ok(()), |_| self.files.recover(restored))
    }
}

struct DeadLetterWriter {
    operator: String,
    files: Arc<dyn Sink>,
    context: SinkContext,
    /// Absent before the first letter of this run.
    open: Option<Box<dyn SinkWriter>>,
    /// Of the letters that were replayed; absent before the first of this run.
    taken: Option<Box<dyn SinkWriter>>,
    count: u64,
    max: u64,
}

impl DeadLetterWriter {
    fn write_taken(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        if self.taken.is_none() {
            let mut context = self.context.clone();
            context.run = run_of_taken(&context.run);
            self.taken = Some(self.files.writer(context, Vec::new())?);
        }
        self.taken
            .as_mut()
            .map_or(Ok(()), |writer| writer.write(records))
    }
}

impl SinkWriter for DeadLetterWriter {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        if !records.is_empty() && records.key(0) == TAKEN {
            return self.write_taken(records);
        }
        self.count = self.count.saturating_add(u64::from(records.count));
        if self.count > self.max {
            return Err(ConnectorError::Config {
                connector: "dead-letters".to_owned(),
                reason: format!(
                    "operator \"{}\" could not process more than {} records of subtask {}, the limit guest.dead-letters: see wasmill dead-letters",
                    self.operator, self.max, self.context.subtask
                ),
            });
        }
        if self.open.is_none() {
            let writer = self.files.writer(self.context.clone(), Vec::new())?;
            self.open = Some(writer);
        }
        self.open
            .as_mut()
            .map_or(Ok(()), |writer| writer.write(records))
    }

    fn pre_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Committable>, ConnectorError> {
        let mut prepared = Vec::new();
        for writer in [&mut self.open, &mut self.taken].into_iter().flatten() {
            prepared.extend(writer.pre_commit(checkpoint)?);
        }
        Ok(prepared)
    }

    fn snapshot(&mut self) -> Vec<u8> {
        self.count.to_le_bytes().to_vec()
    }

    fn report(&mut self) -> Vec<SinkReport> {
        vec![SinkReport {
            name: "dead_letters".to_owned(),
            value: ReportValue::Sum(self.count),
        }]
    }
}

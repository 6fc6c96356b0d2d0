//! What is outside of a simulated process and outlives it: the target of the sink, with its transactions.
//!
//! Keeps what a real target keeps: what was prepared is durable, a commit may be repeated and may stop half-way, and
//! what was aborted or never prepared cannot be committed: that is output lost, and noted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Committable, ConnectorError, Sink, SinkContext, SinkWriter};

use super::input::{Row, Rows, decode};

/// The target of the sink. Shared by all processes of a run.
#[derive(Default)]
pub(super) struct Outside {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    prepared: BTreeMap<Transaction, Vec<Row>>,
    published: BTreeMap<Transaction, Vec<Row>>,
    /// Commits of single transactions until the process dies.
    dies_in: Option<u64>,
    /// The next so many preparations are refused.
    refusals: u64,
    /// Published output is never taken back.
    keeps_all: bool,
    /// What is published again is there twice.
    ignores_markers: bool,
    violations: BTreeSet<String>,
}

/// A transaction: run, subtask, number within the writer, the checkpoint it was prepared for.
type Transaction = (String, u32, u64, u64);

impl Outside {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the process dies within a commit, before the transaction with this number.
    pub(super) fn dies_in(&self, commits: u64) {
        self.state().dies_in = Some(commits);
    }

    /// The target refuses the next preparation.
    pub(super) fn refuse(&self) {
        self.state().refusals = 1;
    }

    /// From now on nothing that was published is taken back.
    pub(super) fn keep_all(&self) {
        self.state().keeps_all = true;
    }

    /// From now on it does not look whether it has published a transaction before.
    pub(super) fn ignore_markers(&self) {
        self.state().ignores_markers = true;
    }

    /// Whether the process has died within a commit.
    pub(super) fn is_dead(&self) -> bool {
        self.state().dies_in == Some(0)
    }

    /// A new process talks to it.
    pub(super) fn revive(&self) {
        let mut state = self.state();
        state.dies_in = None;
        state.refusals = 0;
    }

    /// All rows published.
    pub(super) fn published(&self) -> Rows {
        let mut rows = Rows::new();
        for row in self.state().published.values().flatten() {
            *rows.entry(*row).or_default() += 1;
        }
        rows
    }

    /// What must never happen and did.
    pub(super) fn violation(&self) -> Option<String> {
        self.state().violations.first().cloned()
    }

    /// Notes what must never happen.
    pub(super) fn note(&self, violation: String) {
        self.state().violations.insert(violation);
    }
}

/// The sink of the job.
pub(super) struct SimulatedSink {
    /// Its target.
    pub(super) outside: Arc<Outside>,
}

fn refused(action: &'static str, reason: &str) -> ConnectorError {
    ConnectorError::External {
        connector: "simulated",
        action,
        target: "outside".to_owned(),
        reason: reason.to_owned(),
    }
}

fn committable((run, subtask, number, checkpoint): &Transaction) -> Committable {
    Committable::new(format!("{run}/{subtask}/{number}/{checkpoint}").into_bytes())
}

fn transaction(committable: &Committable) -> Option<Transaction> {
    let text = std::str::from_utf8(&committable.bytes).ok()?;
    let mut parts = text.split('/');
    let run = parts.next()?.to_owned();
    let mut number = || parts.next()?.parse::<u64>().ok();
    Some((run, number()? as u32, number()?, number()?))
}

/// The checkpoint that a transaction was prepared for.
pub(super) fn prepared_for(committable: &Committable) -> Option<CheckpointId> {
    transaction(committable).map(|it| CheckpointId(it.3))
}

impl Sink for SimulatedSink {
    fn accepts(&self, _schema: &str) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn writer(
        &self,
        context: SinkContext,
        _restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        Ok(Box::new(Writer {
            outside: Arc::clone(&self.outside),
            context,
            rows: Vec::new(),
            number: 0,
        }))
    }

    fn commit(&self, committables: &[Committable]) -> Result<(), ConnectorError> {
        let mut state = self.outside.state();
        for committable in committables {
            let Some(transaction) = transaction(committable) else {
                return Err(refused("read", "no transaction has this name"));
            };
            match &mut state.dies_in {
                Some(0) => return Err(refused("commit", "the process is gone")),
                Some(left) => *left -= 1,
                None => {}
            }
            let again = state.ignores_markers;
            if let Some(rows) = state.prepared.remove(&transaction) {
                state.published.insert(transaction, rows);
            } else if let Some(rows) = state.published.get_mut(&transaction) {
                if again {
                    rows.extend_from_within(..);
                }
            } else {
                let lost =
                    format!("a transaction is to be committed that is gone: {transaction:?}");
                state.violations.insert(lost);
            }
        }
        Ok(())
    }

    fn withdraw(&self, restored: CheckpointId, runs: &[String]) -> Result<(), ConnectorError> {
        let mut state = self.outside.state();
        let keeps_all = state.keeps_all;
        let unwanted = |it: &Transaction| it.3 > restored.0 && runs.contains(&it.0);
        state.published.retain(|it, _| keeps_all || !unwanted(it));
        Ok(())
    }

    fn recover(&self, restored: &[Committable]) -> Result<(), ConnectorError> {
        let kept: BTreeSet<Transaction> = restored.iter().filter_map(transaction).collect();
        self.outside
            .state()
            .prepared
            .retain(|it, _| kept.contains(it));
        Ok(())
    }
}

struct Writer {
    outside: Arc<Outside>,
    context: SinkContext,
    rows: Vec<Row>,
    number: u64,
}

impl SinkWriter for Writer {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        for index in 0..records.len() {
            let row = decode(records.value(index)).ok_or_else(|| refused("write", "no row"))?;
            self.rows.push(row);
        }
        Ok(())
    }

    fn pre_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Committable>, ConnectorError> {
        let mut state = self.outside.state();
        if state.refusals > 0 {
            state.refusals -= 1;
            return Err(refused("prepare", "it is busy"));
        }
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        let SinkContext { run, subtask, .. } = &self.context;
        let transaction = (run.clone(), *subtask, self.number, checkpoint.0);
        self.number += 1;
        let prepared = committable(&transaction);
        state
            .prepared
            .insert(transaction, std::mem::take(&mut self.rows));
        Ok(vec![prepared])
    }
}

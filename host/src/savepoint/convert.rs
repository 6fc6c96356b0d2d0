//! Makes saved state what a job can be deployed from: in the format of its backend, its values migrated, without
//! operators that it does not have.
//!
//! Keeps: chains, subtasks, positions and event time stay as they were saved, so everything that shares them out at
//! restore goes on as before; what needs no change is not touched. Nothing is written over: a conversion makes new files
//! beside the old ones. Blocks for as long as reading and writing all state takes; not for async threads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dataflow::element::Column;
use dataflow::ids::CheckpointId;
use dataflow::key_group::KeyGroupRange;
use dataflow::port::blob::BlobStore;
use dataflow::port::call::{Call, Timers};
use dataflow::port::operator_state::{OperatorStateSpec, OperatorStates};
use dataflow::port::state::{Addresses, BackendSpec, StateBackend, StateBackendFactory};
use dataflow::time::timer::parse_timer_sub_key;

use super::entry::{Entry, Migration};
use super::error::SavepointError;
use super::fit::Fit;
use super::state_files::{
    AVRO, ChainState, ChainStateKind, MANAGED_BYTES, StateFiles, TaskState, backend_states,
    content_of, fresh_dir, number_of, state_error, states_of,
};
use crate::storage::metadata::{
    FileEntry, Metadata, OperatorEntry, StateEntry, TaskEntry, VertexEntry,
};

/// Entries that are written at once.
const BATCH_ENTRIES: usize = 1024;
/// Bytes of values after which a batch is written though it is not full.
const BATCH_BYTES: usize = 4 << 20;

/// What state is converted for.
pub(crate) struct Target<'a> {
    /// What the job declares.
    pub(crate) operators: &'a [OperatorEntry],
    /// Number of its key groups.
    pub(crate) max_parallelism: u32,
    /// Its backend.
    pub(crate) backend: Arc<dyn StateBackendFactory>,
    /// Where its files are kept.
    pub(crate) blobs: Arc<dyn BlobStore>,
    /// Whether operators that the job does not have are left out; otherwise they are an error.
    pub(crate) allow_non_restored: bool,
    /// Tasks that are converted at once.
    pub(crate) threads: usize,
}

/// Gives the saved state in the form the job needs. What was saved fits as it is? Then it is given back as it is.
///
/// # Errors
/// It does not fit, a file is damaged, or a store refuses.
pub(crate) fn adapt(
    saved: &Metadata,
    files: &StateFiles,
    target: &Target<'_>,
) -> Result<Metadata, SavepointError> {
    // A checkpoint of an early build does not say what its states are, so there is nothing to compare.
    if saved.operators.is_empty() {
        return Ok(saved.clone());
    }
    let fit = Fit::of(saved, target.operators, target.max_parallelism);
    let reasons = fit.reasons(target.allow_non_restored);
    if !reasons.is_empty() {
        return Err(SavepointError::Unfit { reasons });
    }
    for dropped in fit.dropped() {
        let (operator, state) = (&dropped.operator, &dropped.state);
        tracing::warn!(
            operator,
            state,
            "the operator does not declare this state any more: dropped"
        );
    }
    let migrations = fit.migrations();
    for name in migrations.keys() {
        tracing::info!(state = name, "values are migrated to the job's schema");
    }
    let mut adapted = without(saved, &fit.gone);
    let conversion = Conversion {
        saved,
        files,
        target,
        migrations: &migrations,
    };
    conversion.tasks(&mut adapted)?;
    adapted.operators = target.operators.to_vec();
    Ok(adapted)
}

/// The same without some operators.
fn without(saved: &Metadata, gone: &[String]) -> Metadata {
    let mut kept = saved.clone();
    for chain in &mut kept.vertices {
        if chain
            .operators
            .first()
            .is_some_and(|head| gone.contains(head))
        {
            for task in &mut chain.tasks {
                task.splits.clear();
            }
        }
        chain.operators.retain(|uid| !gone.contains(uid));
    }
    kept.vertices.retain(|chain| !chain.operators.is_empty());
    kept
}

struct Conversion<'a> {
    saved: &'a Metadata,
    files: &'a StateFiles,
    target: &'a Target<'a>,
    migrations: &'a BTreeMap<String, &'a Migration>,
}

impl Conversion<'_> {
    /// Converts the tasks of all chains, several at once.
    fn tasks(&self, adapted: &mut Metadata) -> Result<(), SavepointError> {
        let mut work = Vec::new();
        for (chain_index, chain) in adapted.vertices.iter().enumerate() {
            let states = states_of(&self.saved.operators, chain);
            let wanted = (0..chain.tasks.len()).filter(|index| {
                self.needs_keyed(&chain.tasks[*index], &states)
                    || self.needs_operator(&chain.tasks[*index], &states)
            });
            work.extend(wanted.map(|task_index| (chain_index, task_index)));
        }
        let next = AtomicUsize::new(0);
        let vertices = &adapted.vertices;
        let worker = || {
            let mut done = Vec::new();
            while let Some((chain, task)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                let of = &vertices[*chain];
                done.push((*chain, *task, self.task(of, &of.tasks[*task])));
            }
            done
        };
        let threads = self.target.threads.clamp(1, work.len().max(1));
        let done = std::thread::scope(|scope| {
            let spawn = |index: usize| {
                let named = std::thread::Builder::new().name(format!("convert-{index}"));
                named.spawn_scoped(scope, worker).ok()
            };
            let spawned: Vec<_> = (1..threads).filter_map(spawn).collect();
            let mut done = worker();
            for thread in spawned {
                done.extend(thread.join().unwrap_or_default());
            }
            done
        });
        if done.len() != work.len() {
            return Err(SavepointError::Metadata(
                "a conversion ended early".to_owned(),
            ));
        }
        for (chain, task, converted) in done {
            adapted.vertices[chain].tasks[task] = converted?;
        }
        Ok(())
    }

    fn needs_keyed(&self, task: &TaskEntry, states: &[ChainState]) -> bool {
        let Some(state) = &task.state else {
            return false;
        };
        let mut keyed = states.iter().filter(|state| state.keyed().is_some());
        state.format != self.target.backend.name()
            || keyed.any(|state| self.migrations.contains_key(&state.name))
    }

    fn needs_operator(&self, task: &TaskEntry, states: &[ChainState]) -> bool {
        let is_avro = task
            .state
            .as_ref()
            .is_some_and(|state| state.format == AVRO);
        let mut unkeyed = states.iter().filter(|state| state.keyed().is_none());
        is_avro || unkeyed.any(|state| self.migrations.contains_key(&state.name))
    }

    fn task(&self, chain: &VertexEntry, task: &TaskEntry) -> Result<TaskEntry, SavepointError> {
        let states = states_of(&self.saved.operators, chain);
        let mut opened = self.files.open(self.saved, chain, task, &states)?;
        let mut converted = task.clone();
        if self.needs_keyed(task, &states) {
            converted.state = self.keyed(chain, task, &states, &mut opened)?;
        }
        if self.needs_operator(task, &states) {
            converted.operator_state = self.operator(chain, &states, &mut opened)?;
        }
        Ok(converted)
    }

    /// The states that the job still declares.
    fn is_wanted(&self, state: &ChainState) -> bool {
        let mut operators = self.target.operators.iter();
        let operator = operators.find(|it| it.uid == state.operator);
        match &state.kind {
            ChainStateKind::Timers(_) => operator.is_some(),
            ChainStateKind::Declared(declared) => {
                operator.is_some_and(|it| it.states.iter().any(|other| other.name == declared.name))
            }
        }
    }

    fn keyed(
        &self,
        chain: &VertexEntry,
        task: &TaskEntry,
        states: &[ChainState],
        from: &mut TaskState,
    ) -> Result<Option<StateEntry>, SavepointError> {
        let specs = backend_states(states);
        let range = task.state.as_ref().and_then(|state| state.key_groups);
        let Some((start, end)) = range.filter(|_| !specs.is_empty()) else {
            return Ok(None);
        };
        let dir = fresh_dir(&self.files.work_dir)?;
        let failed = |source| state_error(chain, source);
        let key_groups = KeyGroupRange { start, end };
        let max_parallelism = self.saved.max_parallelism;
        let spec = BackendSpec {
            states: specs,
            key_groups,
            max_parallelism,
            local_dir: dir.clone(),
            managed_memory_bytes: MANAGED_BYTES,
        };
        let blobs = Arc::clone(&self.target.blobs);
        let mut into = self.target.backend.open(spec, &[], blobs).map_err(failed)?;
        let mut timers = Timers::default();
        for (index, state) in (0..).zip(states) {
            if state.keyed().is_none() || !self.is_wanted(state) {
                continue;
            }
            match state.kind {
                ChainStateKind::Timers(domain) => {
                    let queue = timers.queue(domain);
                    from.visit(index, state, &mut |entry| {
                        if let Some((time, namespace)) = parse_timer_sub_key(entry.sub_key) {
                            queue.register(time, entry.key, namespace);
                        }
                        Ok(())
                    })?;
                }
                ChainStateKind::Declared(_) => {
                    let mut batch = Batch::new(into.as_mut(), number_of(index, state), chain);
                    let migration = self.migrations.get(&state.name);
                    from.visit(index, state, &mut |entry| match migration {
                        None => batch.push(entry, entry.value),
                        Some(migration) => {
                            let value = migration.value(entry.value);
                            let value = value.ok_or_else(|| SavepointError::Value {
                                state: state.name.clone(),
                            })?;
                            batch.push(entry, &value)
                        }
                    })?;
                    batch.flush()?;
                }
            }
        }
        let mut call = Call::keyed(into, key_groups, max_parallelism, timers);
        let checkpoint = CheckpointId(self.saved.checkpoint);
        let frozen = call.snapshot(checkpoint).map_err(failed)?;
        let handle = frozen.map(|frozen| frozen.write(&*self.target.blobs));
        let handle = handle.transpose().map_err(failed)?;
        drop(call);
        let _ = std::fs::remove_dir_all(dir);
        Ok(handle.as_ref().map(StateEntry::of))
    }

    fn operator(
        &self,
        chain: &VertexEntry,
        states: &[ChainState],
        from: &mut TaskState,
    ) -> Result<Option<FileEntry>, SavepointError> {
        let mut contents = Vec::new();
        for (index, state) in (0..).zip(states) {
            let ChainStateKind::Declared(declared) = &state.kind else {
                continue;
            };
            let Some(kind) = declared.kind.unkeyed().filter(|_| self.is_wanted(state)) else {
                continue;
            };
            let migration = self.migrations.get(&state.name);
            let mut entries = Vec::new();
            from.visit(index, state, &mut |entry| {
                let value = match migration {
                    None => Some(entry.value.to_vec()),
                    Some(migration) => migration.value(entry.value),
                };
                let value = value.ok_or_else(|| SavepointError::Value {
                    state: state.name.clone(),
                })?;
                entries.push((entry.sub_key.to_vec(), value));
                Ok(())
            })?;
            let spec = OperatorStateSpec {
                number: number_of(index, state),
                name: state.name.clone(),
                kind,
            };
            contents.push((spec, content_of(declared.kind, entries)));
        }
        if contents.is_empty() {
            return Ok(None);
        }
        let encoded = OperatorStates::new(contents).encode();
        let stored = self.target.blobs.put("operator-state", encoded);
        let blob = stored.map_err(|error| state_error(chain, error.into()))?;
        Ok(Some(FileEntry::of(&blob)))
    }
}

/// Entries on their way into a backend.
struct Batch<'a> {
    into: &'a mut dyn StateBackend,
    state: dataflow::ids::StateNumber,
    chain: &'a VertexEntry,
    count: usize,
    keys: Column,
    sub_keys: Column,
    values: Column,
}

impl<'a> Batch<'a> {
    fn new(
        into: &'a mut dyn StateBackend,
        state: dataflow::ids::StateNumber,
        chain: &'a VertexEntry,
    ) -> Self {
        Self {
            into,
            state,
            chain,
            count: 0,
            keys: Column::default(),
            sub_keys: Column::default(),
            values: Column::default(),
        }
    }

    fn push(&mut self, entry: Entry<'_>, value: &[u8]) -> Result<(), SavepointError> {
        self.keys.push(self.count, entry.key);
        self.sub_keys.push(self.count, entry.sub_key);
        self.values.push(self.count, value);
        self.count += 1;
        if self.count < BATCH_ENTRIES && self.values.data.len() < BATCH_BYTES {
            return Ok(());
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), SavepointError> {
        let addresses = Addresses {
            count: self.count,
            keys: &self.keys,
            sub_keys: &self.sub_keys,
        };
        if self.count > 0 {
            let put = self.into.put_many(self.state, addresses, &self.values);
            put.map_err(|source| state_error(self.chain, source))?;
        }
        self.count = 0;
        self.keys = Column::default();
        self.sub_keys = Column::default();
        self.values = Column::default();
        Ok(())
    }
}

//! Reads the state of a task, whoever wrote it: the heap backend, RocksDB, or a savepoint.
//!
//! Files of a backend are opened by that backend itself, so there is one reader of each format. RocksDB state is read
//! from disk; that of the heap backend is in memory while it is read, one task at a time. Blocks; not for async threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataflow::ids::StateNumber;
use dataflow::key_group::{KeyGroupRange, key_group};
use dataflow::port::blob::BlobStore;
use dataflow::port::operator_state::{Content, OperatorStateSpec, OperatorStates};
use dataflow::port::redistribution::SavedPart;
use dataflow::port::state::{
    BackendSpec, StateBackend, StateBackendFactory, StateError, StateKind, StateSpec,
};
use dataflow::time::timer::TimeDomain;

use super::avro_file;
use super::entry::{Entry, EntryCodec};
use super::error::SavepointError;
use crate::storage::metadata::{
    FileEntry, Metadata, OperatorEntry, StateDeclaration, StateWord, TaskEntry, VertexEntry,
};

/// The format of state in a savepoint.
pub(crate) const AVRO: &str = "avro";

/// Memory that RocksDB may use for one task that is read or written here.
pub(crate) const MANAGED_BYTES: u64 = 64 << 20;

/// A state of a chain.
#[derive(Clone, Debug)]
pub(crate) struct ChainState {
    /// Uid of its operator.
    pub(crate) operator: String,
    /// `operator uid/state name`.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) kind: ChainStateKind,
    /// How its entries are typed.
    pub(crate) codec: EntryCodec,
}

/// What a state of a chain holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ChainStateKind {
    /// What its operator declared.
    Declared(StateDeclaration),
    /// The timers of a domain.
    Timers(TimeDomain),
}

impl ChainState {
    /// How a backend stores it, if it belongs to keys.
    pub(crate) fn keyed(&self) -> Option<StateKind> {
        match &self.kind {
            ChainStateKind::Declared(state) => state.kind.keyed(),
            ChainStateKind::Timers(_) => Some(StateKind::Value),
        }
    }

    /// What it is called by people.
    pub(crate) fn word(&self) -> &'static str {
        match &self.kind {
            ChainStateKind::Declared(state) => state.kind.name(),
            ChainStateKind::Timers(_) => "timers",
        }
    }
}

/// The states of a chain, as `operators` declare them: by operator, then timers.
pub(crate) fn states_of(operators: &[OperatorEntry], chain: &VertexEntry) -> Vec<ChainState> {
    let known = |uid: &String| operators.iter().find(|it| it.uid == *uid);
    let members: Vec<&OperatorEntry> = chain.operators.iter().filter_map(known).collect();
    let mut states = Vec::new();
    for operator in &members {
        states.extend(operator.states.iter().map(|state| ChainState {
            operator: operator.uid.clone(),
            name: format!("{}/{}", operator.uid, state.name),
            codec: EntryCodec::of(operator, state),
            kind: ChainStateKind::Declared(state.clone()),
        }));
    }
    if let Some(operator) = members.iter().find(|it| it.key_schema.is_some()) {
        for domain in [TimeDomain::Event, TimeDomain::Processing] {
            states.push(ChainState {
                operator: operator.uid.clone(),
                name: format!("{}/{}", operator.uid, domain.state_name()),
                codec: EntryCodec::of_timers(operator),
                kind: ChainStateKind::Timers(domain),
            });
        }
    }
    states
}

/// The specs by which a backend holds these states.
pub(crate) fn backend_states(states: &[ChainState]) -> Vec<StateSpec> {
    let spec = |(index, state): (u32, &ChainState)| {
        Some(StateSpec {
            number: number_of(index, state),
            name: state.name.clone(),
            kind: state.keyed()?,
        })
    };
    (0..).zip(states).filter_map(spec).collect()
}

/// The number of the state at an index.
pub(crate) fn number_of(index: u32, state: &ChainState) -> StateNumber {
    match state.kind {
        ChainStateKind::Declared(_) => StateNumber(index),
        ChainStateKind::Timers(domain) => domain.state(),
    }
}

/// The backends by the format of their snapshots.
pub(crate) fn backend_of(format: &str) -> Option<Arc<dyn StateBackendFactory>> {
    match format {
        "heap" => Some(Arc::new(state::HeapBackendFactory::new())),
        "rocksdb" => Some(Arc::new(state::RocksdbBackendFactory::default())),
        _ => None,
    }
}

/// Where the files of a checkpoint or savepoint are.
#[derive(Clone)]
pub(crate) struct StateFiles {
    /// Files of snapshots.
    pub(crate) blobs: Arc<dyn BlobStore>,
    /// The directory of a savepoint.
    pub(crate) root: PathBuf,
    /// For databases that are opened; made when needed, and left to the owner to remove.
    pub(crate) work_dir: PathBuf,
}

impl StateFiles {
    /// Opens the state of one task.
    ///
    /// # Errors
    /// A file is missing or damaged, or the work directory refuses.
    pub(crate) fn open(
        &self,
        metadata: &Metadata,
        chain: &VertexEntry,
        task: &TaskEntry,
        states: &[ChainState],
    ) -> Result<TaskState, SavepointError> {
        let failed = |source| SavepointError::State {
            chain: chain.operators.join(", "),
            source,
        };
        let mut opened = TaskState {
            max_parallelism: metadata.max_parallelism,
            root: self.root.clone(),
            files: Vec::new(),
            backend: None,
            operator: None,
            dir: None,
        };
        if let Some(blob) = &task.operator_state {
            let blob = blob.blob().map_err(SavepointError::Metadata)?;
            let bytes = self
                .blobs
                .get(&blob)
                .map_err(|error| failed(error.into()))?;
            let specs = operator_specs(states);
            let restored = OperatorStates::restore(specs, &[SavedPart::going_on(bytes)], 0, 1)
                .map_err(failed)?;
            opened.operator = Some(restored);
        }
        let Some(state) = &task.state else {
            return Ok(opened);
        };
        if state.format == AVRO {
            opened.files.clone_from(&state.files);
            return Ok(opened);
        }
        let factory = backend_of(&state.format).ok_or_else(|| {
            SavepointError::Metadata(format!("there is no state format {}", state.format))
        })?;
        let handle = state.handle().map_err(SavepointError::Metadata)?;
        let dir = fresh_dir(&self.work_dir)?;
        let spec = BackendSpec {
            states: backend_states(states),
            key_groups: handle.key_groups.unwrap_or(KeyGroupRange {
                start: 0,
                end: metadata.max_parallelism,
            }),
            max_parallelism: metadata.max_parallelism,
            local_dir: dir.clone(),
            managed_memory_bytes: MANAGED_BYTES,
        };
        opened.dir = Some(dir);
        let backend = factory.open(spec, &[handle], Arc::clone(&self.blobs));
        opened.backend = Some(backend.map_err(failed)?);
        Ok(opened)
    }
}

/// A new, empty directory below `parent`.
pub(crate) fn fresh_dir(parent: &Path) -> Result<PathBuf, SavepointError> {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let dir = parent.join(format!("state-files-{next}"));
    let made = std::fs::create_dir_all(&dir);
    made.map_err(|error| SavepointError::file(&dir, "create", error.to_string()))?;
    Ok(dir)
}

fn operator_specs(states: &[ChainState]) -> Vec<OperatorStateSpec> {
    let spec = |(index, state): (u32, &ChainState)| {
        let ChainStateKind::Declared(declared) = &state.kind else {
            return None;
        };
        Some(OperatorStateSpec {
            number: StateNumber(index),
            name: state.name.clone(),
            kind: declared.kind.unkeyed()?,
        })
    };
    (0..).zip(states).filter_map(spec).collect()
}

/// The state of one task, opened to be read. Removes its working files when it is dropped.
pub(crate) struct TaskState {
    max_parallelism: u32,
    root: PathBuf,
    files: Vec<FileEntry>,
    backend: Option<Box<dyn StateBackend>>,
    operator: Option<OperatorStates>,
    dir: Option<PathBuf>,
}

impl Drop for TaskState {
    fn drop(&mut self) {
        // The database goes before its files.
        self.backend = None;
        if let Some(dir) = &self.dir {
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}

impl TaskState {
    /// Shows every entry of the state at `index` of the states it was opened with, in no particular order.
    ///
    /// # Errors
    /// A file is damaged, or `visit` fails.
    pub(crate) fn visit(
        &mut self,
        index: u32,
        state: &ChainState,
        visit: &mut dyn FnMut(Entry<'_>) -> Result<(), SavepointError>,
    ) -> Result<(), SavepointError> {
        if let Some(file) = self.files.iter().find(|file| file.role == state.name) {
            return avro_file::read(&self.root, file, &state.codec, |entry| {
                visit(Entry {
                    key_group: entry.key_group,
                    key: &entry.key,
                    sub_key: &entry.sub_key,
                    value: &entry.value,
                })
            });
        }
        if state.keyed().is_some() {
            return self.visit_backend(index, state, visit);
        }
        let Some(operator) = &self.operator else {
            return Ok(());
        };
        let found = operator
            .contents()
            .find(|(spec, _)| spec.name == state.name);
        match found.map(|(_, content)| content) {
            Some(Content::List(elements)) => elements.iter().try_for_each(|value| {
                visit(Entry {
                    key_group: 0,
                    key: &[],
                    sub_key: &[],
                    value,
                })
            }),
            Some(Content::Map(entries)) => entries.iter().try_for_each(|(sub_key, value)| {
                visit(Entry {
                    key_group: 0,
                    key: &[],
                    sub_key,
                    value,
                })
            }),
            None => Ok(()),
        }
    }

    fn visit_backend(
        &mut self,
        index: u32,
        state: &ChainState,
        visit: &mut dyn FnMut(Entry<'_>) -> Result<(), SavepointError>,
    ) -> Result<(), SavepointError> {
        let Some(backend) = &mut self.backend else {
            return Ok(());
        };
        let max_parallelism = self.max_parallelism;
        let mut result = Ok(());
        let mut show = |key: &[u8], sub_key: &[u8], value: &[u8]| {
            if result.is_ok() {
                let key_group = key_group(key, max_parallelism);
                result = visit(Entry {
                    key_group,
                    key,
                    sub_key,
                    value,
                });
            }
        };
        let visited = match state.kind {
            ChainStateKind::Timers(domain) => backend.take_timers(domain, &mut show),
            ChainStateKind::Declared(_) => backend.visit(number_of(index, state), &mut show),
        };
        visited.map_err(|source| SavepointError::State {
            chain: state.operator.clone(),
            source,
        })?;
        result
    }
}

/// The content of an operator state from its entries.
pub(crate) fn content_of(kind: StateWord, entries: Vec<(Vec<u8>, Vec<u8>)>) -> Content {
    match kind {
        StateWord::Broadcast => Content::Map(entries.into_iter().collect()),
        _ => Content::List(entries.into_iter().map(|(_, value)| value).collect()),
    }
}

/// An error of a backend that was opened here.
pub(crate) fn state_error(chain: &VertexEntry, source: StateError) -> SavepointError {
    SavepointError::State {
        chain: chain.operators.join(", "),
        source,
    }
}

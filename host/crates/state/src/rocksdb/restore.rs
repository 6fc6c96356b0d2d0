//! Opens the database of a task from the snapshots of former tasks.
//!
//! 1. The snapshot that covers most of the task's key groups becomes the database, as it is, and is clipped to the
//!    range by range deletes.
//! 2. The entries of the others that belong here are copied into it.
//! 3. States that nobody declares any more are removed by range deletes; their number is not used again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataflow::key_group::KeyGroupRange;
use dataflow::port::blob::{BlobRef, BlobStore};
use dataflow::port::state::{BackendSpec, SnapshotHandle, StateError, StateKind};

use super::RocksdbConfig;
use super::database::Database;
use super::keys;
use super::pending::STATES_ROLE;
use crate::error::{corrupt, storage};
use crate::snapshot::FileHeader;
use crate::snapshot::reader::decode_header;
use crate::states;

/// A database and the numbers of its states.
pub(crate) struct Opened {
    pub(crate) database: Arc<Database>,
    /// Name and kind by number; a dropped state has an empty name.
    pub(crate) names: Vec<(String, StateKind)>,
}

/// Opens the database that holds what the snapshots hold within the task's key groups.
///
/// # Errors
/// A file is missing or damaged, a state has changed its kind, or the disk refuses.
pub(crate) fn open(
    config: &RocksdbConfig,
    spec: &BackendSpec,
    memory_bytes: u64,
    snapshots: &[SnapshotHandle],
    store: &dyn BlobStore,
) -> Result<Opened, StateError> {
    let mut sources = Vec::new();
    for snapshot in snapshots {
        let source = Source::of(spec, snapshot, store)?;
        if !source.wanted.is_empty() {
            sources.push(source);
        }
    }
    sources.sort_by_key(|source| std::cmp::Reverse(source.wanted.len()));
    let dir = spec.local_dir.join("db");
    let mut sources = sources.into_iter();
    let mut names = Vec::new();
    if let Some(first) = sources.next() {
        first.download(store, &dir)?;
        let database = open_at(config, spec, memory_bytes, &dir)?;
        first.clip(&database)?;
        names = first.header.states;
        drop_undeclared(&database, spec, &mut names)?;
        return finish(config, spec, database, names, sources, store);
    }
    let database = open_at(config, spec, memory_bytes, &dir)?;
    finish(config, spec, database, names, sources, store)
}

fn open_at(
    config: &RocksdbConfig,
    spec: &BackendSpec,
    memory_bytes: u64,
    dir: &Path,
) -> Result<Database, StateError> {
    Database::open(config, dir, memory_bytes, spec.local_dir.clone())
}

fn finish(
    config: &RocksdbConfig,
    spec: &BackendSpec,
    database: Database,
    mut names: Vec<(String, StateKind)>,
    others: impl Iterator<Item = Source>,
    store: &dyn BlobStore,
) -> Result<Opened, StateError> {
    for state in &spec.states {
        if !names.iter().any(|(name, _)| *name == state.name) {
            names.push((state.name.clone(), state.kind));
        }
    }
    if names.len() > usize::from(u16::MAX) {
        return Err(storage(
            "open the state database",
            "more than 65535 states in one task",
        ));
    }
    for (number, other) in others.enumerate() {
        let dir = spec.local_dir.join(format!("from-{number}"));
        other.download(store, &dir)?;
        let from = Database::open(config, &dir, 0, spec.local_dir.clone())?;
        other.copy(&from, &database, &names)?;
        drop(from);
        remove(&dir)?;
    }
    Ok(Opened {
        database: Arc::new(database),
        names,
    })
}

fn remove(dir: &Path) -> Result<(), StateError> {
    std::fs::remove_dir_all(dir).map_err(|error| storage("remove a restored database", error))
}

/// A snapshot to restore from.
struct Source {
    files: Vec<BlobRef>,
    header: FileHeader,
    /// Key groups to take from it.
    wanted: KeyGroupRange,
}

impl Source {
    fn of(
        spec: &BackendSpec,
        snapshot: &SnapshotHandle,
        store: &dyn BlobStore,
    ) -> Result<Self, StateError> {
        states::require_format(snapshot, "rocksdb")?;
        let Some((first, files)) = snapshot.files.split_first() else {
            return Err(corrupt("rocksdb snapshot", "it has no files"));
        };
        if first.role != STATES_ROLE {
            return Err(corrupt(
                &first.name,
                "the first file is not the list of states",
            ));
        }
        let bytes = store.get(first)?;
        let header = decode_header(&first.name, &bytes)?;
        states::require_max_parallelism(&first.name, header.max_parallelism, spec.max_parallelism)?;
        for (name, kind) in &header.states {
            if let Some(state) = spec.states.iter().find(|state| state.name == *name) {
                states::require_kind(state, *kind)?;
            }
        }
        let mut wanted = spec.key_groups.intersect(header.key_groups);
        if let Some(saved) = snapshot.key_groups {
            wanted = wanted.intersect(saved);
        }
        Ok(Self {
            files: files.to_vec(),
            header,
            wanted,
        })
    }

    /// Puts the files where the database expects them.
    fn download(&self, store: &dyn BlobStore, dir: &Path) -> Result<(), StateError> {
        let refused = |error: std::io::Error| storage("restore a database file", error);
        std::fs::create_dir_all(dir).map_err(refused)?;
        for file in &self.files {
            let path = safe_path(dir, file)?;
            if path.extension().is_some_and(|kind| kind == "sst") {
                store.get_file(file, &path)?;
            } else {
                // Never a link: the database may go on writing to these.
                let bytes = store.get(file)?;
                std::fs::write(&path, bytes).map_err(refused)?;
            }
        }
        Ok(())
    }

    /// Removes the key groups that are not wanted.
    fn clip(&self, database: &Database) -> Result<(), StateError> {
        let KeyGroupRange { start, end } = self.header.key_groups;
        for (from, to) in [(start, self.wanted.start), (self.wanted.end, end)] {
            if from < to {
                database.delete_range(&keys::group_prefix(from), &keys::group_prefix(to))?;
            }
        }
        Ok(())
    }

    /// Copies the wanted key groups of declared states.
    fn copy(
        &self,
        from: &Database,
        to: &Database,
        names: &[(String, StateKind)],
    ) -> Result<(), StateError> {
        let mut batch = to.batch();
        for (number, (name, _)) in (0u16..).zip(&self.header.states) {
            let target = names.iter().position(|(other, _)| other == name);
            let Some(target) = target.filter(|_| !name.is_empty()) else {
                continue;
            };
            for key_group in self.wanted.start..self.wanted.end {
                let prefix = keys::state_prefix(key_group, number);
                let mut encoded = keys::state_prefix(key_group, target as u16).to_vec();
                let mut result = Ok(());
                from.scan(&prefix, &prefix, |key, value| {
                    encoded.truncate(prefix.len());
                    encoded.extend_from_slice(key.get(prefix.len()..).unwrap_or_default());
                    result = batch.put(&encoded, value);
                    result.is_ok()
                })?;
                result?;
            }
        }
        batch.flush()
    }
}

/// The place of a file in the database directory. Its name comes from the checkpoint's metadata and must stay inside.
fn safe_path(dir: &Path, file: &BlobRef) -> Result<PathBuf, StateError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let role = &file.role;
    if role.is_empty() || role.starts_with('.') || !role.bytes().all(plain) {
        return Err(corrupt(
            &file.name,
            format!("{role:?} is no database file name"),
        ));
    }
    Ok(dir.join(role))
}

fn drop_undeclared(
    database: &Database,
    spec: &BackendSpec,
    names: &mut [(String, StateKind)],
) -> Result<(), StateError> {
    for (number, (name, _)) in (0u16..).zip(names) {
        let declared = spec.states.iter().any(|state| state.name == *name);
        if declared || name.is_empty() {
            continue;
        }
        name.clear();
        for key_group in spec.key_groups.start..spec.key_groups.end {
            let prefix = keys::state_prefix(key_group, number);
            if let Some(end) = keys::prefix_end(&prefix) {
                database.delete_range(&prefix, &end)?;
            }
        }
    }
    Ok(())
}

//! The checkpoints of one job, below one directory, owned by one process at a time.
//!
//! Order of becoming real: (1) all snapshot files; (2) `chk-<number>-<run>/_metadata.json`; (3) `CURRENT`, one small
//! object that names the metadata with its hash, replaced atomically. Before (3) nothing has happened. Only then are
//! sinks told to commit. Deleting goes the other way round: first `CURRENT`, then metadata, then files nobody names.
//!
//! A lock on the directory keeps a second process out; with it, replacing `CURRENT` needs no compare-and-swap.

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::path::{Path as LocalPath, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};

use dataflow::port::blob::{BlobError, BlobStore};
use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::runtime::Handle;

use super::blob_store::{ObjectBlobStore, hex};
use super::metadata::{Metadata, VERSION};

/// Checkpoints cannot be kept or found.
#[derive(Debug, Error)]
pub(crate) enum StoreError {
    /// Another process has the directory.
    #[error(
        "job data {0} is in use by another process: stop it first, or give the job another --data-dir"
    )]
    InUse(String),
    /// The directory cannot be used.
    #[error("job data {path}: {action}: {reason}")]
    Directory {
        /// Which directory or file.
        path: String,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        reason: String,
    },
    /// There is nothing to restore.
    #[error("there is no completed checkpoint in {0}")]
    Nothing(String),
    /// Nothing that is there can be restored.
    #[error("no checkpoint in {path} can be restored: {}", reasons.join("; "))]
    Unusable {
        /// Where.
        path: String,
        /// What is wrong with each.
        reasons: Vec<String>,
    },
}

/// What `CURRENT` says: the checkpoints that count, newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Current {
    version: u32,
    retained: Vec<Retained>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retained {
    metadata: String,
    blake3: String,
    /// It was damaged, and an older one was restored. Its output is taken back, so it must never be restored, not even
    /// if its files are whole again because somebody has written the same bytes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    passed_over: bool,
}

impl Retained {
    /// The run that took the checkpoint, from the name of its folder: `chk-<number>-<run>/_metadata.json`.
    fn run(&self) -> Option<String> {
        let folder = self.metadata.split('/').next()?;
        Some(folder.strip_prefix("chk-")?.split_once('-')?.1.to_owned())
    }
}

/// A checkpoint to go on from.
#[derive(Clone, Debug)]
pub(crate) struct Restorable {
    /// What it consists of.
    pub(crate) metadata: Metadata,
    /// The runs of newer checkpoints that are damaged: what they published will be written again.
    pub(crate) damaged_runs: Vec<String>,
}

/// The store of one job.
pub(crate) struct CheckpointStore {
    root: PathBuf,
    store: Arc<dyn ObjectStore>,
    runtime: Handle,
    current: Current,
    retained_max: usize,
    /// So many of the newest checkpoints keep their files, whether or not they are retained: a checkpoint that is under
    /// way may build on any of them.
    built_upon_max: usize,
    /// The files of those, newest first.
    built_upon: VecDeque<BTreeSet<String>>,
    /// Distinguishes the files of this run.
    run: String,
    /// Files this process has written so far.
    written: Arc<AtomicU64>,
    /// Held while the directory is ours; there is none in memory.
    lock: Option<File>,
    /// Checkpoints whose files are kept for as long as somebody holds their metadata.
    pinned: Vec<Weak<Metadata>>,
}

/// The object that names the checkpoints that count.
pub(crate) const CURRENT: &str = "CURRENT";

/// The metadata of the newest checkpoint in a directory that somebody else may be using. Its files are not checked.
///
/// # Errors
/// There is none, or it is damaged; a text for the user.
pub(crate) fn newest_metadata(root: &LocalPath) -> Result<Metadata, String> {
    let read = |name: &str| {
        let path = root.join(name);
        std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let current: Current =
        serde_json::from_slice(&read(CURRENT)?).map_err(|error| format!("CURRENT: {error}"))?;
    let newest = current
        .retained
        .iter()
        .find(|retained| !retained.passed_over)
        .ok_or("there is no completed checkpoint")?;
    let bytes = read(&newest.metadata)?;
    if hex(blake3::hash(&bytes).as_bytes()) != newest.blake3 {
        return Err(format!("{}: it is damaged", newest.metadata));
    }
    serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", newest.metadata))
}

impl CheckpointStore {
    /// Takes the directory of a job, making it if need be.
    ///
    /// # Errors
    /// Another process has it, or it cannot be written.
    pub(crate) fn open(
        root: &LocalPath,
        run: String,
        retained_max: usize,
        runtime: Handle,
    ) -> Result<Self, StoreError> {
        let fail = |action: &'static str, reason: &dyn std::fmt::Display| StoreError::Directory {
            path: root.display().to_string(),
            action,
            reason: reason.to_string(),
        };
        std::fs::create_dir_all(root).map_err(|e| fail("create", &e))?;
        let lock = File::create(root.join("LOCK")).map_err(|e| fail("create the lock", &e))?;
        lock.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => StoreError::InUse(root.display().to_string()),
            std::fs::TryLockError::Error(error) => fail("lock", &error),
        })?;
        let local = LocalFileSystem::new_with_prefix(root).map_err(|e| fail("open", &e))?;
        let store: Arc<dyn ObjectStore> = Arc::new(local.with_fsync(true));
        let current = Current {
            version: VERSION,
            retained: Vec::new(),
        };
        let root = root.to_owned();
        Ok(Self {
            root,
            store,
            runtime,
            current,
            retained_max,
            built_upon_max: 1,
            built_upon: VecDeque::new(),
            run,
            written: Arc::default(),
            lock: Some(lock),
            pinned: Vec::new(),
        })
    }

    /// Keeps checkpoints in the memory of this process, where nobody can find them afterwards.
    pub(crate) fn in_memory(run: String, retained_max: usize, runtime: Handle) -> Self {
        Self {
            root: PathBuf::from("in memory"),
            store: Arc::new(object_store::memory::InMemory::new()),
            runtime,
            current: Current {
                version: VERSION,
                retained: Vec::new(),
            },
            retained_max,
            built_upon_max: 1,
            built_upon: VecDeque::new(),
            run,
            written: Arc::default(),
            lock: None,
            pinned: Vec::new(),
        }
    }

    /// So many checkpoints may be under way at once.
    #[must_use]
    pub(crate) fn with_concurrent(mut self, checkpoints: usize) -> Self {
        self.built_upon_max = checkpoints.max(1);
        self
    }

    /// Keeps checkpoints in a store that a test has made.
    #[cfg(test)]
    pub(crate) fn over(
        store: Arc<dyn ObjectStore>,
        run: String,
        retained_max: usize,
        runtime: Handle,
    ) -> Self {
        Self {
            store,
            ..Self::in_memory(run, retained_max, runtime)
        }
    }

    /// Keeps the files of a checkpoint for as long as somebody holds its metadata, retained or not.
    pub(crate) fn pin(&mut self, metadata: &Arc<Metadata>) {
        self.pinned.retain(|pinned| pinned.strong_count() > 0);
        self.pinned.push(Arc::downgrade(metadata));
    }

    /// From now on checkpoints are those of another run, such as the next attempt of the job.
    pub(crate) fn begin_run(&mut self, run: String) {
        self.run = run;
    }

    /// The files of snapshots.
    pub(crate) fn blobs(&self) -> Arc<dyn BlobStore> {
        Arc::new(ObjectBlobStore::new(
            Arc::clone(&self.store),
            self.runtime.clone(),
            self.run.clone(),
            Arc::clone(&self.written),
        ))
    }

    /// Finds the newest checkpoint that is whole; damaged ones are reported, passed over, and noted to be. Checks every
    /// file. Blocks; not for async threads.
    ///
    /// # Errors
    /// There is none, or none is whole, or what was passed over cannot be noted.
    pub(crate) fn load_latest(&mut self) -> Result<Restorable, StoreError> {
        let path = self.root.display().to_string();
        let mut current = match self.read(CURRENT) {
            Ok(Some(bytes)) => {
                serde_json::from_slice::<Current>(&bytes).map_err(|e| StoreError::Unusable {
                    path: path.clone(),
                    reasons: vec![format!("CURRENT: {e}")],
                })?
            }
            Ok(None) => return Err(StoreError::Nothing(path)),
            Err(error) => return Err(error),
        };
        let mut reasons = Vec::new();
        for index in 0..current.retained.len() {
            let retained = &current.retained[index];
            match self.load(retained) {
                Ok(metadata) => {
                    self.pass_over(&mut current, index)?;
                    self.current.retained = current.retained.split_off(index);
                    let named = files(&metadata).map(|it| it.name.clone());
                    self.built_upon = [named.collect()].into();
                    let damaged_runs = current.retained.iter().filter_map(Retained::run);
                    return Ok(Restorable {
                        metadata,
                        damaged_runs: damaged_runs.collect(),
                    });
                }
                Err(reason) => {
                    let checkpoint = &retained.metadata;
                    tracing::error!(
                        checkpoint,
                        reason,
                        "checkpoint is damaged, trying the one before"
                    );
                    reasons.push(format!("{checkpoint}: {reason}"));
                }
            }
        }
        Err(StoreError::Unusable { path, reasons })
    }

    /// Notes that the first so many checkpoints are not to be restored. They stay in the list until the next one is
    /// complete: a process that dies before it has taken their output back leaves that to the next.
    fn pass_over(&self, current: &mut Current, count: usize) -> Result<(), StoreError> {
        let damaged = &mut current.retained[..count];
        if damaged.iter().all(|retained| retained.passed_over) {
            return Ok(());
        }
        for retained in damaged {
            retained.passed_over = true;
        }
        let bytes = serde_json::to_vec(current).map_err(|e| self.fail(CURRENT, "encode", &e))?;
        self.write(CURRENT, bytes)
    }

    fn load(&self, retained: &Retained) -> Result<Metadata, String> {
        if retained.passed_over {
            return Err("it was damaged before".to_owned());
        }
        let bytes = self
            .read(&retained.metadata)
            .map_err(|error| error.to_string())?
            .ok_or("its metadata is missing")?;
        if hex(blake3::hash(&bytes).as_bytes()) != retained.blake3 {
            return Err("its metadata is damaged".to_owned());
        }
        let metadata: Metadata =
            serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        if metadata.version != VERSION {
            return Err(format!(
                "it has format {}, this build reads {VERSION}",
                metadata.version
            ));
        }
        let blobs = self.blobs();
        for entry in files(&metadata) {
            let blob = entry.blob()?;
            blobs
                .get(&blob)
                .map_err(|error: BlobError| error.to_string())?;
        }
        Ok(metadata)
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = Path::from(name);
        let read = self
            .runtime
            .block_on(async { self.store.get(&path).await?.bytes().await });
        match read {
            Ok(bytes) => Ok(Some(Vec::from(bytes))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.fail(name, "read", &error)),
        }
    }

    fn fail(&self, name: &str, action: &'static str, reason: &dyn std::fmt::Display) -> StoreError {
        let path = self.root.join(name).display().to_string();
        StoreError::Directory {
            path,
            action,
            reason: reason.to_string(),
        }
    }

    /// Makes a checkpoint real, and forgets the ones that are no longer retained. Files of forgotten checkpoints are
    /// deleted afterwards; failing to delete is logged and made up for next time. Blocks; not for async threads.
    ///
    /// # Errors
    /// The directory refuses, or a file of the checkpoint is not there; then the checkpoint has not happened.
    pub(crate) fn commit(&mut self, metadata: &Metadata) -> Result<(), StoreError> {
        let objects = self.objects()?;
        self.check_files(metadata, &objects)?;
        let name = format!("chk-{}-{}/_metadata.json", metadata.checkpoint, self.run);
        let bytes = serde_json::to_vec(metadata).map_err(|e| self.fail(&name, "encode", &e))?;
        let blake3 = hex(blake3::hash(&bytes).as_bytes());
        self.write(&name, bytes)?;
        let mut next = self.current.clone();
        next.retained.insert(
            0,
            Retained {
                metadata: name,
                blake3,
                passed_over: false,
            },
        );
        next.retained.truncate(self.retained_max);
        let bytes = serde_json::to_vec(&next).map_err(|e| self.fail(CURRENT, "encode", &e))?;
        self.write(CURRENT, bytes)?;
        self.current = next;
        self.built_upon
            .push_front(files(metadata).map(|it| it.name.clone()).collect());
        self.built_upon.truncate(self.built_upon_max);
        if let Err(error) = self.sweep(metadata.triggered_ms, objects) {
            tracing::warn!(%error, "old checkpoint files could not be deleted");
        }
        Ok(())
    }

    /// Forgets every checkpoint and deletes its files: nothing can be restored any more. Blocks; not for async threads.
    ///
    /// # Errors
    /// The directory refuses.
    pub(crate) fn discard(&mut self) -> Result<(), StoreError> {
        self.current.retained.clear();
        let bytes =
            serde_json::to_vec(&self.current).map_err(|e| self.fail(CURRENT, "encode", &e))?;
        self.write(CURRENT, bytes)?;
        self.built_upon.clear();
        let objects = self.objects()?;
        self.sweep(i64::MAX, objects)
    }

    fn objects(&self) -> Result<Vec<ObjectMeta>, StoreError> {
        self.runtime
            .block_on(self.store.list(None).try_collect())
            .map_err(|error| self.fail("", "list", &error))
    }

    /// A task that was not told of a completed checkpoint builds on an older one, whose files may be gone by now.
    fn check_files(&self, metadata: &Metadata, objects: &[ObjectMeta]) -> Result<(), StoreError> {
        let objects: BTreeSet<&str> = objects.iter().map(|it| it.location.as_ref()).collect();
        match files(metadata).find(|file| !objects.contains(file.name.as_str())) {
            Some(gone) => Err(self.fail(&gone.name, "find", &"it is gone")),
            None => Ok(()),
        }
    }

    fn write(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let (path, payload) = (Path::from(name), PutPayload::from(bytes));
        let put = self.runtime.block_on(self.store.put(&path, payload));
        put.map(|_| ())
            .map_err(|error| self.fail(name, "write", &error))
    }

    /// Deletes metadata that is not retained, and files older than this checkpoint's trigger that no retained metadata
    /// names: a younger file may belong to a checkpoint that is being written.
    fn sweep(&self, older_than_ms: i64, objects: Vec<ObjectMeta>) -> Result<(), StoreError> {
        let mut named: BTreeSet<String> = [CURRENT.to_owned(), "LOCK".to_owned()].into();
        named.extend(self.built_upon.iter().flatten().cloned());
        for retained in &self.current.retained {
            named.insert(retained.metadata.clone());
            let Some(bytes) = self.read(&retained.metadata)? else {
                continue;
            };
            if let Ok(metadata) = serde_json::from_slice::<Metadata>(&bytes) {
                named.extend(files(&metadata).map(|entry| entry.name.clone()));
            }
        }
        for pinned in self.pinned.iter().filter_map(Weak::upgrade) {
            named.extend(files(&pinned).map(|entry| entry.name.clone()));
        }
        for object in objects {
            let name = object.location.to_string();
            let old = object.last_modified.timestamp_millis() < older_than_ms;
            let ours = name.starts_with("shared/") || name.starts_with("chk-");
            if old && ours && !named.contains(&name) {
                let deleted = self.runtime.block_on(self.store.delete(&object.location));
                deleted.map_err(|error| self.fail(&name, "delete", &error))?;
                if let Some(folder) = name.strip_suffix("/_metadata.json")
                    && self.lock.is_some()
                {
                    let _ = std::fs::remove_dir(self.root.join(folder));
                }
            }
        }
        Ok(())
    }
}

/// All files a checkpoint consists of.
fn files(metadata: &Metadata) -> impl Iterator<Item = &super::metadata::FileEntry> {
    let tasks = metadata.vertices.iter().flat_map(|vertex| &vertex.tasks);
    tasks.flat_map(|task| {
        let keyed = task.state.iter().flat_map(|state| &state.files);
        keyed.chain(&task.operator_state)
    })
}

#[cfg(test)]
mod tests;

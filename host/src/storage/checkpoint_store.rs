//! The checkpoints of one job, in one directory or below one prefix of a bucket, owned by one process at a time.
//!
//! Order of becoming real: (1) all snapshot files; (2) `chk-<number>-<run>/_metadata.json`; (3) `CURRENT`, one small
//! object that names the metadata with its hash, replaced atomically. Before (3) nothing has happened. Only then are
//! sinks told to commit. Deleting goes the other way round: first `CURRENT`, then metadata, then files nobody names.
//!
//! Who may replace `CURRENT` is the business of [`super::current`]. A process that lost the job may still delete what
//! its last checkpoint superseded; no file is ever given the name of another, so that is never a file of its successor.

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
use tokio::runtime::Handle;

use super::blob_store::{ObjectBlobStore, hex};
use super::current::{CURRENT, CurrentObject, Retained, VERSION as CURRENT_VERSION};
use super::location::Location;
use super::metadata::{Metadata, VERSION};
use super::s3::{S3Config, Unfit, test_conditional_writes};
pub(crate) use super::store_error::StoreError;
use super::store_error::{fail, of_current};

/// How far the clocks of this machine and a bucket may be apart: S3 refuses requests beyond that.
const CLOCK_SKEW_MAX_MS: i64 = 15 * 60 * 1000;

/// A checkpoint to go on from.
#[derive(Clone, Debug)]
pub(crate) struct Restorable {
    /// What it consists of.
    pub(crate) metadata: Metadata,
    /// The runs of newer checkpoints that are damaged: what they published will be written again.
    pub(crate) damaged_runs: Vec<String>,
    /// Where it is.
    pub(crate) place: RestoredPlace,
}

/// Where that is which a job goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RestoredPlace {
    /// The folder of the checkpoint or savepoint: a path or an `s3://` address.
    pub(crate) path: String,
    /// Whether it is a savepoint.
    pub(crate) is_savepoint: bool,
}

/// The store of one job.
pub(crate) struct CheckpointStore {
    /// Its name for people.
    place: Location,
    store: Arc<dyn ObjectStore>,
    runtime: Handle,
    current: CurrentObject,
    /// The checkpoints that count, newest first.
    retained: Vec<Retained>,
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
    /// Checkpoints whose files are kept for as long as somebody holds their metadata.
    pinned: Vec<Weak<Metadata>>,
}

impl CheckpointStore {
    /// Takes the place of a job's checkpoints: a directory, made if need be, for as long as this value lives; in a bucket
    /// until another process takes it. Blocks; not for async threads.
    ///
    /// # Errors
    /// Another process has the directory, it cannot be written, or the bucket cannot fence.
    pub(crate) fn open(
        place: &Location,
        s3: &S3Config,
        run: String,
        retained_max: usize,
        runtime: Handle,
    ) -> Result<Self, StoreError> {
        let (store, current) = match place {
            Location::Local(dir) => lock(dir)?,
            Location::S3 { bucket, prefix } => {
                let store = s3
                    .open(bucket, prefix)
                    .map_err(|reason| fail(place, "", "open", &reason))?;
                let current = runtime.block_on(take_over(place, &store, &run))?;
                (store, current)
            }
        };
        Ok(Self {
            place: place.clone(),
            store,
            runtime,
            current,
            retained: Vec::new(),
            retained_max,
            built_upon_max: 1,
            built_upon: VecDeque::new(),
            run,
            written: Arc::default(),
            pinned: Vec::new(),
        })
    }

    /// Keeps checkpoints in the memory of this process, where nobody can find them afterwards.
    pub(crate) fn in_memory(run: String, retained_max: usize, runtime: Handle) -> Self {
        let store: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
        Self {
            place: Location::Local(PathBuf::from("in memory")),
            current: CurrentObject::exclusive(Arc::clone(&store), None),
            store,
            runtime,
            retained: Vec::new(),
            retained_max,
            built_upon_max: 1,
            built_upon: VecDeque::new(),
            run,
            written: Arc::default(),
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
            current: CurrentObject::exclusive(Arc::clone(&store), None),
            store,
            ..Self::in_memory(run, retained_max, runtime)
        }
    }

    /// Takes a job over in a store that a test has made and other processes reach, too.
    #[cfg(test)]
    pub(crate) fn taking_over(
        store: Arc<dyn ObjectStore>,
        run: String,
        retained_max: usize,
        runtime: Handle,
    ) -> Result<Self, StoreError> {
        let taken = CurrentObject::take_over(Arc::clone(&store), run.clone(), CURRENT_VERSION);
        let taken = runtime.block_on(taken);
        let mut own = Self::over(store, run, retained_max, runtime);
        own.current = taken.map_err(|error| of_current(&own.place, error))?;
        Ok(own)
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
        let path = self.place.to_string();
        let current = match self.runtime.block_on(self.current.read()) {
            Ok(current) => current.unwrap_or_default(),
            Err(error) => return Err(of_current(&self.place, error)),
        };
        let mut retained = current.retained;
        if retained.is_empty() {
            return Err(StoreError::Nothing(path));
        }
        let mut reasons = Vec::new();
        for index in 0..retained.len() {
            match self.load(&retained[index]) {
                Ok(metadata) => {
                    self.pass_over(&mut retained, index)?;
                    self.retained = retained.split_off(index);
                    let named = files(&metadata).map(|it| it.name.clone());
                    self.built_upon = [named.collect()].into();
                    let folder = self.retained[0].metadata.split('/').next();
                    let place = RestoredPlace {
                        path: format!("{path}/{}", folder.unwrap_or_default()),
                        is_savepoint: false,
                    };
                    let damaged_runs = retained.iter().filter_map(Retained::run);
                    return Ok(Restorable {
                        metadata,
                        damaged_runs: damaged_runs.collect(),
                        place,
                    });
                }
                Err(reason) => {
                    let checkpoint = &retained[index].metadata;
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
    fn pass_over(&mut self, retained: &mut [Retained], count: usize) -> Result<(), StoreError> {
        if retained[..count].iter().all(|one| one.passed_over) {
            return Ok(());
        }
        for one in &mut retained[..count] {
            one.passed_over = true;
        }
        self.replace(retained.to_vec())
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
        if !(1..=VERSION).contains(&metadata.version) {
            return Err(format!(
                "it has format {}, this build reads 1 to {VERSION}",
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
        fail(&self.place, name, action, reason)
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
        let mut next = self.retained.clone();
        next.insert(
            0,
            Retained {
                metadata: name,
                blake3,
                passed_over: false,
            },
        );
        next.truncate(self.retained_max);
        self.replace(next)?;
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
        self.replace(Vec::new())?;
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

    /// Only the checkpoints named here count from now on.
    fn replace(&mut self, next: Vec<Retained>) -> Result<(), StoreError> {
        let replaced = self.current.replace(CURRENT_VERSION, next.clone());
        let replaced = self.runtime.block_on(replaced);
        replaced.map_err(|error| of_current(&self.place, error))?;
        self.retained = next;
        Ok(())
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
        let older_than_ms = match self.place {
            Location::Local(_) => older_than_ms,
            // Files there carry the time of another clock.
            Location::S3 { .. } if older_than_ms == i64::MAX => older_than_ms,
            Location::S3 { .. } => older_than_ms.saturating_sub(CLOCK_SKEW_MAX_MS),
        };
        let mut named: BTreeSet<String> = [CURRENT.to_owned(), "LOCK".to_owned()].into();
        named.extend(self.built_upon.iter().flatten().cloned());
        for retained in &self.retained {
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
                    && let Location::Local(dir) = &self.place
                {
                    // An empty folder in the way of nobody.
                    let _ = std::fs::remove_dir(dir.join(folder));
                }
            }
        }
        Ok(())
    }
}

/// Opens a directory, and keeps others out of it.
fn lock(dir: &LocalPath) -> Result<(Arc<dyn ObjectStore>, CurrentObject), StoreError> {
    let place = Location::Local(dir.to_owned());
    let fail =
        |action: &'static str, reason: &dyn std::fmt::Display| fail(&place, "", action, reason);
    std::fs::create_dir_all(dir).map_err(|e| fail("create", &e))?;
    let lock = File::create(dir.join("LOCK")).map_err(|e| fail("create the lock", &e))?;
    lock.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => StoreError::InUse(place.to_string()),
        std::fs::TryLockError::Error(error) => fail("lock", &error),
    })?;
    let local = LocalFileSystem::new_with_prefix(dir).map_err(|e| fail("open", &e))?;
    let store: Arc<dyn ObjectStore> = Arc::new(local.with_fsync(true));
    let current = CurrentObject::exclusive(Arc::clone(&store), Some(lock));
    Ok((store, current))
}

/// Takes a job in a bucket over, if the bucket can tell who has it.
async fn take_over(
    place: &Location,
    store: &Arc<dyn ObjectStore>,
    run: &str,
) -> Result<CurrentObject, StoreError> {
    let tested = test_conditional_writes(&**store, &format!("TEST-{run}")).await;
    tested.map_err(|unfit| match unfit {
        Unfit::Unusable(error) => fail(place, "", "test conditional writes", &error),
        Unfit::Unconditional(found) => StoreError::Unconditional {
            path: place.to_string(),
            found,
        },
    })?;
    let taken = CurrentObject::take_over(Arc::clone(store), run.to_owned(), CURRENT_VERSION).await;
    taken.map_err(|error| of_current(place, error))
}

/// All files a checkpoint consists of.
fn files(metadata: &Metadata) -> impl Iterator<Item = &super::metadata::FileEntry> {
    let tasks = metadata.vertices.iter().flat_map(|vertex| &vertex.tasks);
    tasks.flat_map(|task| {
        let keyed = task.state.iter().flat_map(|state| &state.files);
        let segments = task.sinks.iter().flat_map(|sink| &sink.segments);
        keyed
            .chain(&task.operator_state)
            .chain(&task.in_flight)
            .chain(segments.map(|(_, file)| file))
    })
}

#[cfg(test)]
mod tests;

//! A snapshot of a RocksDB task on its way to the store: flush, link, upload what is new.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataflow::ids::CheckpointId;
use dataflow::key_group::KeyGroupRange;
use dataflow::port::blob::{BlobRef, BlobStore};
use dataflow::port::state::{PendingSnapshot, SnapshotHandle, StateError};

use super::database::Database;
use super::flush::FlushJob;
use super::uploads::Files;
use crate::error::storage;
use crate::snapshot::FileHeader;
use crate::snapshot::writer::encode_header;

/// The role of the file that names the states of a database.
pub(crate) const STATES_ROLE: &str = "STATES";

/// A frozen state of the task.
pub(crate) struct RocksdbSnapshot {
    pub(crate) checkpoint: CheckpointId,
    pub(crate) database: Arc<Database>,
    pub(crate) job: Arc<FlushJob>,
    /// Where the job links the files.
    pub(crate) dir: PathBuf,
    /// Files that need no upload.
    pub(crate) reusable: Files,
    /// States by their number in database keys.
    pub(crate) header: FileHeader,
}

impl PendingSnapshot for RocksdbSnapshot {
    fn write(self: Box<Self>, store: &dyn BlobStore) -> Result<SnapshotHandle, StateError> {
        self.job.run()?;
        let mut uploaded = BTreeMap::new();
        for name in file_names(&self.dir)? {
            let blob = self.upload(store, &name)?;
            uploaded.insert(name, blob);
        }
        let states = store
            .put(STATES_ROLE, encode_header(&self.header))
            .map_err(|error| storage("write a snapshot file", error))?;
        let mut files = vec![states];
        files.extend(uploaded.values().cloned());
        self.database.uploads.uploaded(self.checkpoint, uploaded);
        let KeyGroupRange { start, end } = self.header.key_groups;
        Ok(SnapshotHandle {
            format: "rocksdb".to_owned(),
            key_groups: Some(KeyGroupRange { start, end }),
            files,
        })
    }
}

impl RocksdbSnapshot {
    fn upload(&self, store: &dyn BlobStore, name: &str) -> Result<BlobRef, StateError> {
        if Path::new(name)
            .extension()
            .is_some_and(|kind| kind == "sst")
            && let Some(blob) = self.reusable.get(name)
        {
            return Ok(blob.clone());
        }
        store
            .put_file(name, &self.dir.join(name))
            .map_err(|error| storage("upload a database file", error))
    }
}

impl Drop for RocksdbSnapshot {
    fn drop(&mut self) {
        self.job.drop_if_frozen();
        // The links are not needed any more; what cannot be removed goes with the task's directory.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn file_names(dir: &Path) -> Result<Vec<String>, StateError> {
    let refused = |error: std::io::Error| storage("list the files of a checkpoint", error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(refused)? {
        let name = entry.map_err(refused)?.file_name();
        let name = name.to_string_lossy().into_owned();
        // The log is off, so its file is always empty and the database opens without it.
        if !name.ends_with(".log") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

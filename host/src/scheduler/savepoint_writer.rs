//! Writes savepoints of a running job's completed checkpoints: off the task threads, from files that are kept until it
//! is done.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use dataflow::clock::Clock;
use tokio::runtime::Handle;

use super::job::Job;
use super::job_master::Store;
use crate::savepoint::bundle::Bundle;
use crate::savepoint::error::SavepointError;
use crate::savepoint::folder::Folder;
use crate::savepoint::state_files::StateFiles;
use crate::storage::blob_store::hex;
use crate::storage::location::Location;
use crate::storage::metadata::Metadata;
use crate::storage::s3::S3Config;

/// Writes savepoints of one attempt. A cheap clone.
#[derive(Clone)]
pub(crate) struct SavepointWriter {
    /// The checkpoints of the job, if any are kept.
    pub(crate) store: Option<Store>,
    /// For databases that are opened meanwhile.
    pub(crate) work_dir: PathBuf,
    /// Distinguishes the savepoints of this attempt.
    pub(crate) run: String,
    /// How buckets are reached.
    pub(crate) s3: S3Config,
    /// Waits for them.
    pub(crate) runtime: Handle,
    /// Whether components are put in.
    pub(crate) include_components: bool,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
}

impl SavepointWriter {
    /// Writes a savepoint into a new directory below `target`; gives its path. Blocks; the checkpoint must be pinned.
    ///
    /// # Errors
    /// The target refuses, or the checkpoint cannot be read.
    pub(crate) fn write(
        &self,
        job: &Job,
        checkpoint: &Metadata,
        target: &Path,
    ) -> Result<PathBuf, SavepointError> {
        let Some(store) = &self.store else {
            let reason = "the job keeps no checkpoints".to_owned();
            return Err(SavepointError::Metadata(reason));
        };
        let blobs = store.lock().unwrap_or_else(PoisonError::into_inner).blobs();
        let work_dir = self.work_dir.join("savepoint");
        let files = StateFiles {
            blobs,
            root: PathBuf::new(),
            work_dir: work_dir.clone(),
        };
        let components = if self.include_components {
            component_files(job)
        } else {
            Vec::new()
        };
        let bundle = Bundle {
            files: &files,
            checkpoint,
            parallelism: job.parallelism,
            components: &components,
            now_ms: self.clock.now_ms(),
        };
        let name = format!("savepoint-{}-{}", checkpoint.checkpoint, self.run);
        let written = if Location::is_remote_name(target) {
            self.put(&bundle, &work_dir, &target.join(&name))
        } else {
            let found = std::path::absolute(target);
            let found =
                found.map_err(|error| SavepointError::file(target, "find", error.to_string()));
            found.and_then(|target| bundle.write(&target, &name))
        };
        let _ = std::fs::remove_dir_all(work_dir);
        written
    }

    /// Writes a savepoint into a bucket, by way of the working directory.
    fn put(
        &self,
        bundle: &Bundle<'_>,
        work_dir: &Path,
        target: &Path,
    ) -> Result<PathBuf, SavepointError> {
        let folder = Folder::open(target, &self.s3, &self.runtime)?;
        let staged = bundle.write(work_dir, "staged")?;
        let put = folder.put(&staged);
        if put.is_err() {
            // Without its manifest it is none; that it lies there costs room only.
            let _ = folder.clear();
        }
        put.map(|()| target.to_owned())
    }
}

/// The files of a job's components that are still what was loaded, by digest.
fn component_files(job: &Job) -> Vec<(String, PathBuf)> {
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for component in &job.components {
        let Some(path) = component.file.clone() else {
            continue;
        };
        let bytes = std::fs::read(&path).unwrap_or_default();
        if hex(blake3::hash(&bytes).as_bytes()) == component.digest {
            files.push((component.digest.clone(), path));
        } else {
            let (component, digest) = (&component.name, &component.digest);
            tracing::warn!(
                component,
                digest,
                "its file has changed: not part of the savepoint"
            );
        }
    }
    files.sort();
    files.dedup_by(|a, b| a.0 == b.0);
    files
}

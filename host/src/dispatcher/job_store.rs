//! What is known of jobs on disk: one folder a job below `jobs/`, with what was submitted (`job.json`), what is left when
//! it has ended (`ended.json`), and its checkpoints.
//!
//! Keeps: a job that was accepted is there after a crash, and one that has ended is never started again. The directory
//! belongs to one process, held by a lock.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use dataflow::ids::JobId;

use super::archive::Archive;
use super::durable::{self, failed};
use super::error::DispatchError;
use super::job_spec::{JobRecord, VERSION};

const RECORD: &str = "job.json";
const ENDED: &str = "ended.json";
const CHECKPOINTS: &str = "checkpoints";

/// The jobs of one directory.
pub(super) struct JobStore {
    dir: PathBuf,
    /// Held while the directory is ours.
    _lock: File,
}

/// What was found of a job.
pub(super) enum Found {
    /// It has not ended.
    Active(Box<JobRecord>),
    /// It has.
    Ended(Archive),
}

impl JobStore {
    /// Takes a directory, making it if need be.
    pub(super) fn open(root: &Path) -> Result<Self, DispatchError> {
        let dir = root.join("jobs");
        std::fs::create_dir_all(&dir).map_err(failed(&dir, "create"))?;
        let path = root.join("LOCK");
        let lock = File::create(&path).map_err(failed(&path, "create"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => DispatchError::Refused(format!(
                "data directory {} is in use by another cluster: stop it first, or give --data-dir",
                root.display()
            )),
            TryLockError::Error(error) => failed(&path, "lock")(error),
        })?;
        Ok(Self { dir, _lock: lock })
    }

    fn folder(&self, id: JobId) -> PathBuf {
        self.dir.join(id.to_string())
    }

    /// Where the checkpoints of a job are kept.
    pub(super) fn checkpoints(&self, id: JobId) -> PathBuf {
        self.folder(id).join(CHECKPOINTS)
    }

    /// Keeps what was submitted.
    pub(super) fn save(&self, record: &JobRecord) -> Result<(), DispatchError> {
        let folder = self.folder(record.id);
        std::fs::create_dir_all(&folder).map_err(failed(&folder, "create"))?;
        let bytes = serde_json::to_vec_pretty(record);
        let bytes = bytes.map_err(|error| DispatchError::Internal(error.to_string()))?;
        durable::write(&folder.join(RECORD), &bytes)
    }

    /// Keeps how a job ended.
    pub(super) fn end(&self, archive: &Archive) -> Result<(), DispatchError> {
        let bytes = serde_json::to_vec(archive);
        let bytes = bytes.map_err(|error| DispatchError::Internal(error.to_string()))?;
        durable::write(&self.folder(archive.id).join(ENDED), &bytes)
    }

    /// Removes everything of a job but checkpoints that lie in one of `roots`: another job goes on with those.
    pub(super) fn remove(&self, id: JobId, roots: &[PathBuf]) -> Result<(), DispatchError> {
        let folder = self.folder(id);
        if roots.iter().any(|root| root.starts_with(&folder)) {
            for file in [RECORD, ENDED] {
                let file = folder.join(file);
                if file.exists() {
                    std::fs::remove_file(&file).map_err(failed(&file, "remove"))?;
                }
            }
            return Ok(());
        }
        std::fs::remove_dir_all(&folder).map_err(failed(&folder, "remove"))
    }

    /// Everything that is there. What cannot be read is logged and left alone.
    pub(super) fn load(&self) -> Result<Vec<Found>, DispatchError> {
        let mut found = Vec::new();
        let entries = std::fs::read_dir(&self.dir).map_err(failed(&self.dir, "list"))?;
        for entry in entries {
            let entry = entry.map_err(failed(&self.dir, "list"))?;
            let name = entry.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse::<JobId>().ok()) else {
                continue;
            };
            match read(id, &entry.path()) {
                Ok(Some(job)) => found.push(job),
                Ok(None) => {}
                Err(error) => tracing::error!(job = %id, %error, "is left alone"),
            }
        }
        Ok(found)
    }
}

fn read(id: JobId, folder: &Path) -> Result<Option<Found>, DispatchError> {
    let ended = folder.join(ENDED);
    if ended.exists() {
        let mut archive: Archive = parse(&ended)?;
        archive.id = id;
        return Ok(Some(Found::Ended(archive)));
    }
    let path = folder.join(RECORD);
    if !path.exists() {
        return Ok(None);
    }
    let record: JobRecord = parse(&path)?;
    if record.version != VERSION || record.id != id {
        return Err(DispatchError::Storage {
            path: path.display().to_string(),
            action: "read",
            reason: format!("it is of version {} and job {}", record.version, record.id),
        });
    }
    Ok(Some(Found::Active(Box::new(record))))
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, DispatchError> {
    let bytes = std::fs::read(path).map_err(failed(path, "read"))?;
    serde_json::from_slice(&bytes).map_err(|error| DispatchError::Storage {
        path: path.display().to_string(),
        action: "read",
        reason: error.to_string(),
    })
}

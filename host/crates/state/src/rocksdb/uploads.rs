//! Which database files the store has. Table files never change, so a file that a completed checkpoint uploaded is
//! named again instead of being uploaded again; files of checkpoints that did not complete may be swept any time and
//! are not relied upon.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dataflow::ids::CheckpointId;
use dataflow::port::blob::BlobRef;

/// Blobs by the name of the file in the database directory.
pub(crate) type Files = Arc<BTreeMap<String, BlobRef>>;

#[derive(Debug, Default)]
struct Known {
    completed: Files,
    pending: BTreeMap<CheckpointId, Files>,
}

/// Uploaded files of one database.
#[derive(Debug)]
pub(crate) struct Uploads {
    known: Mutex<Known>,
    /// Whether no file is ever named again.
    full: bool,
}

impl Uploads {
    pub(crate) fn new(full: bool) -> Self {
        Self {
            known: Mutex::default(),
            full,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Files of the last completed checkpoint.
    pub(crate) fn reusable(&self) -> Files {
        Arc::clone(&self.lock().completed)
    }

    /// The files of a checkpoint are in the store.
    pub(crate) fn uploaded(&self, checkpoint: CheckpointId, files: BTreeMap<String, BlobRef>) {
        if !self.full {
            self.lock().pending.insert(checkpoint, Arc::new(files));
        }
    }

    /// A checkpoint is complete; older ones never will be asked for again.
    pub(crate) fn complete(&self, checkpoint: CheckpointId) {
        let mut known = self.lock();
        if let Some(files) = known.pending.remove(&checkpoint) {
            known.completed = files;
            known.pending.retain(|id, _| *id > checkpoint);
        }
    }
}

//! Which snapshots were written and which of them became part of a completed checkpoint.
//!
//! Invariant: a delta builds only on the chain of a completed checkpoint, so a snapshot whose checkpoint never
//! completes loses nothing: the next one still counts from the completed one. Shared between the task (which reads the
//! chain) and storage threads (which report what they wrote).

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use dataflow::ids::CheckpointId;
use dataflow::port::blob::BlobRef;

/// Files after which a new base is written, so that a restore does not read thousands.
const CHAIN_FILES_MAX: usize = 128;

/// The files that hold all changes up to an epoch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    /// The last epoch they hold.
    pub(crate) epoch: u32,
    /// Base and deltas in reading order.
    pub(crate) files: Vec<BlobRef>,
    /// Bytes of the base.
    pub(crate) base_bytes: u64,
    /// Bytes of the deltas.
    pub(crate) delta_bytes: u64,
}

impl Chain {
    /// Whether the next snapshot should start over: nothing to build on, or the deltas outweigh the base.
    pub(crate) fn wants_base(&self) -> bool {
        self.files.is_empty()
            || self.delta_bytes > self.base_bytes
            || self.files.len() >= CHAIN_FILES_MAX
    }
}

#[derive(Debug, Default)]
struct Written {
    completed: Chain,
    pending: Vec<(CheckpointId, Chain)>,
}

/// Written and completed snapshots of one backend.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    written: Mutex<Written>,
    completed_epoch: AtomicU32,
}

impl Ledger {
    fn lock(&self) -> std::sync::MutexGuard<'_, Written> {
        // The lock is held for moves of plain data only, which cannot leave it half done.
        self.written
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What a snapshot taken now builds on.
    pub(crate) fn chain(&self) -> Chain {
        self.lock().completed.clone()
    }

    /// Changes up to this epoch are in a completed checkpoint.
    #[inline]
    pub(crate) fn completed_epoch(&self) -> u32 {
        self.completed_epoch.load(Ordering::Acquire)
    }

    /// A snapshot was written; its checkpoint may complete later.
    pub(crate) fn written(&self, checkpoint: CheckpointId, chain: Chain) {
        self.lock().pending.push((checkpoint, chain));
    }

    /// A checkpoint is complete. Unknown ones and ones older than the last are ignored.
    pub(crate) fn complete(&self, checkpoint: CheckpointId) {
        let mut written = self.lock();
        let Some(at) = written.pending.iter().position(|(id, _)| *id == checkpoint) else {
            return;
        };
        let (_, chain) = written.pending.swap_remove(at);
        if chain.epoch > written.completed.epoch {
            self.completed_epoch.store(chain.epoch, Ordering::Release);
            written.completed = chain;
        }
        let epoch = written.completed.epoch;
        written.pending.retain(|(_, chain)| chain.epoch > epoch);
    }
}

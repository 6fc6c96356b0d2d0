//! Bringing what changed in memory into the database, at a barrier or when memory is short.
//!
//! A job is frozen by the task in no time and run by whoever comes first: the storage thread that writes the snapshot,
//! or the task, if it must flush again before that. Invariants:
//! 1. Jobs of one database run in the order in which they were frozen; one that was never run may be dropped, its
//!    changes are in the next one too.
//! 2. Nothing written after the barrier reaches the database before the checkpoint of the job is linked, because only
//!    jobs write.
//! 3. While a job runs, every entry it writes is still in memory and read from there, so the task sees no half of it;
//!    lists, whose appends are not idempotent, are guarded by a lock.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dataflow::port::state::{StateError, StateKind};
use dataflow::time::frozen_timers::{FrozenQueue, TimerOp};
use dataflow::time::timer::timer_sub_key;

use super::database::{Batch, Database};
use super::keys;
use crate::table::Table;
use crate::table::arena::{SUFFIX, TOMBSTONE};
use crate::table::group::Frozen;
use crate::table::shard::Shard;

/// Appends of the List state in one epoch.
#[derive(Clone)]
pub(crate) struct Segment {
    /// The epoch that ended with it.
    pub(crate) epoch: u32,
    /// What was put, removed and appended in that epoch.
    pub(crate) table: Arc<Table>,
}

/// What a job writes of one state.
pub(crate) enum Changes {
    /// Value or Map entries: those written after what is flushed.
    Entries(StateKind, Frozen),
    /// List entries, epoch by epoch.
    Segments(Vec<Segment>),
    /// The timers of a domain when this epoch of theirs ended, with the number of key groups of the job.
    Timers(u32, FrozenQueue, u32),
}

enum Stage {
    Frozen(Vec<(u16, Changes)>),
    Done(Result<(), StateError>),
    Dropped,
}

/// Changes of one task on their way into its database.
pub(crate) struct FlushJob {
    database: Arc<Database>,
    epoch: u32,
    /// Where to link a checkpoint afterwards, if one is wanted.
    checkpoint_dir: Option<PathBuf>,
    /// Jobs frozen before this one that may not be over.
    previous: Mutex<Vec<Arc<FlushJob>>>,
    stage: Mutex<Stage>,
}

impl FlushJob {
    /// A job that ends `epoch` and comes after `previous`.
    pub(crate) fn new(
        database: Arc<Database>,
        epoch: u32,
        changes: Vec<(u16, Changes)>,
        checkpoint_dir: Option<PathBuf>,
        previous: Vec<Arc<FlushJob>>,
    ) -> Self {
        Self {
            database,
            epoch,
            checkpoint_dir,
            previous: Mutex::new(previous),
            stage: Mutex::new(Stage::Frozen(changes)),
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the job and those before it, unless that was done. A failed write poisons the database.
    ///
    /// # Errors
    /// The database refused, now or when the job ran.
    pub(crate) fn run(&self) -> Result<(), StateError> {
        let mut stage = self.stage();
        if let Stage::Frozen(changes) = &mut *stage {
            let changes = std::mem::take(changes);
            for previous in self.take_previous() {
                // What became of it is for its own snapshot to say; here it matters that it is over.
                let _ = previous.run();
            }
            *stage = Stage::Done(self.run_now(&changes));
        }
        match &*stage {
            Stage::Done(result) => result.clone(),
            Stage::Frozen(_) | Stage::Dropped => Ok(()),
        }
    }

    fn take_previous(&self) -> Vec<Arc<FlushJob>> {
        let mut previous = self.previous.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut previous)
    }

    /// Whether the job was run or dropped. A running one is not over.
    pub(crate) fn is_over(&self) -> bool {
        match self.stage.try_lock() {
            Ok(stage) => !matches!(*stage, Stage::Frozen(_)),
            Err(_) => false,
        }
    }

    /// Forgets a job that was not run: nobody wants its checkpoint any more.
    pub(crate) fn drop_if_frozen(&self) {
        let mut stage = self.stage();
        if matches!(*stage, Stage::Frozen(_)) {
            *stage = Stage::Dropped;
            self.take_previous();
        }
    }

    fn run_now(&self, changes: &[(u16, Changes)]) -> Result<(), StateError> {
        self.database.usable()?;
        let written = self.write(changes);
        if let Err(error) = &written {
            self.database.poison(error);
            return written;
        }
        match &self.checkpoint_dir {
            Some(dir) => self.database.link_into(dir),
            None => Ok(()),
        }
    }

    /// Writes what has changed of the timers; answers up to which of their epochs.
    fn write_timers(
        &self,
        changes: &[(u16, Changes)],
        batch: &mut Batch<'_>,
    ) -> Result<u32, StateError> {
        let since = self.database.timers_flushed();
        let mut flushed = since;
        for (state, changes) in changes {
            if let Changes::Timers(epoch, queue, max_parallelism) = changes
                && *epoch > since
            {
                let changes = queue.changes(Some(since), *max_parallelism);
                write_queue(batch, *state, &changes)?;
                flushed = *epoch;
            }
        }
        Ok(flushed)
    }

    fn write(&self, changes: &[(u16, Changes)]) -> Result<(), StateError> {
        let since = self.database.flushed();
        let mut batch = self.database.batch();
        for (state, changes) in changes {
            if let Changes::Entries(kind, frozen) = changes {
                for (key_group, shards) in frozen.groups(Some(since)) {
                    for shard in shards {
                        write_shard(&mut batch, shard, key_group, *state, *kind, since)?;
                    }
                }
            }
        }
        let timers_flushed = self.write_timers(changes, &mut batch)?;
        batch.flush()?;
        self.database.set_flushed(self.epoch);
        self.database.set_timers_flushed(timers_flushed);
        let mut lists_flushed = self.database.lists();
        for (state, changes) in changes {
            if let Changes::Segments(segments) = changes {
                for segment in segments.iter().filter(|s| s.epoch > *lists_flushed) {
                    for (key_group, shard) in segment.table.by_key_group() {
                        write_shard(&mut batch, shard, key_group, *state, StateKind::List, 0)?;
                    }
                }
            }
        }
        batch.flush()?;
        *lists_flushed = self.epoch.max(*lists_flushed);
        Ok(())
    }
}

/// Writes the timers that were removed, then those that were added.
fn write_queue(
    batch: &mut Batch<'_>,
    state: u16,
    changes: &[TimerOp<'_>],
) -> Result<(), StateError> {
    let (mut encoded, mut sub_key) = (Vec::new(), Vec::new());
    for timer in changes {
        timer_sub_key(timer.time, timer.namespace, &mut sub_key);
        encoded.clear();
        keys::encode(&mut encoded, timer.key_group, state, timer.key, &sub_key);
        if timer.added {
            batch.put(&encoded, &[])?;
        } else {
            batch.delete(&encoded)?;
        }
    }
    Ok(())
}

/// Writes the entries of a shard that changed after `since`.
fn write_shard(
    batch: &mut Batch<'_>,
    shard: &Shard,
    key_group: u32,
    state: u16,
    kind: StateKind,
    since: u32,
) -> Result<(), StateError> {
    let mut encoded = Vec::new();
    for (offset, header) in shard.entries() {
        if header.epoch <= since {
            continue;
        }
        let (key, sub_key) = shard.address(offset, &header);
        encoded.clear();
        keys::encode(&mut encoded, key_group, state, key, sub_key);
        if kind == StateKind::Map {
            let prefix = encoded.len();
            let mut result = Ok(());
            shard.map_scan(offset, &header, &[], |sub_key, value, epoch| {
                if epoch.is_none_or(|epoch| epoch > since) {
                    encoded.truncate(prefix);
                    encoded.extend_from_slice(sub_key);
                    result = match value {
                        Some(value) => batch.put(&encoded, value),
                        None => batch.delete(&encoded),
                    };
                }
                result.is_ok()
            });
            result?;
        } else if header.has(TOMBSTONE) {
            batch.delete(&encoded)?;
        } else if header.has(SUFFIX) {
            batch.append(&encoded, shard.bytes(offset, &header))?;
        } else {
            batch.put(&encoded, shard.bytes(offset, &header))?;
        }
    }
    Ok(())
}

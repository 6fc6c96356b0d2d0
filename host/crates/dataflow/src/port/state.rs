//! The state backend port: ordered byte maps addressed by (state number, key, sub-key), committed writes only.
//!
//! One backend belongs to one keyed task and is used by its thread alone. It sees only key groups of the task's range;
//! the caller checks that. Value and List states use the empty sub-key or a namespace as sub-key and are never scanned
//! by the guest; Map states are scanned in sub-key order.

use std::sync::Arc;

use thiserror::Error;

use crate::element::Column;
use crate::ids::{CheckpointId, StateNumber};
use crate::key_group::KeyGroupRange;
use crate::limits;
use crate::port::blob::{BlobError, BlobRef, BlobStore};
use crate::port::error::{Domain, Recovery};
use crate::port::operator_state::OperatorStateKind;
use crate::time::frozen_timers::FrozenTimers;
use crate::time::timer::TimeDomain;

/// How a state is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StateKind {
    /// One value per (key, sub-key); the sub-key is a namespace such as a window, and exact.
    Value,
    /// A list per (key, sub-key), appended to without reading.
    List,
    /// An ordered map of sub-keys per key.
    Map,
}

/// Declares a state of a task. `name` is stable across versions of the component; `number` is of this run only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateSpec {
    /// The number that calls use.
    pub number: StateNumber,
    /// `operator uid/state name`: what a snapshot stores and a restore matches by.
    pub name: String,
    /// How it is used.
    pub kind: StateKind,
}

/// Addresses of one bulk call: `count` pairs of key and sub-key.
#[derive(Clone, Copy, Debug)]
pub struct Addresses<'a> {
    /// How many.
    pub count: usize,
    /// Their keys.
    pub keys: &'a Column,
    /// Their sub-keys.
    pub sub_keys: &'a Column,
}

impl<'a> Addresses<'a> {
    /// The pair at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> (&'a [u8], &'a [u8]) {
        (
            self.keys.get(index, self.count),
            self.sub_keys.get(index, self.count),
        )
    }
}

/// What a bulk read found, one entry per address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// 1 where there is a value, 0 where there is none.
    pub present: Vec<u8>,
    /// The values; an absent one is empty.
    pub values: Column,
}

impl Found {
    /// Appends an answer.
    #[inline]
    pub fn push(&mut self, value: Option<&[u8]>) {
        let count = self.present.len();
        self.values.push(count, value.unwrap_or_default());
        self.present.push(u8::from(value.is_some()));
    }
}

/// A page of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// How many entries.
    pub count: usize,
    /// Their sub-keys, ascending.
    pub sub_keys: Column,
    /// Their values.
    pub values: Column,
    /// Whether the key has entries beyond this page.
    pub more: bool,
}

/// First entries of several keys, key after key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// How many entries there are of each key.
    pub counts: Vec<u32>,
    /// 1 where the key has entries beyond these, 0 where it has not.
    pub more: Vec<u8>,
    /// The sub-keys of all entries.
    pub sub_keys: Column,
    /// The values of all entries.
    pub values: Column,
    entries: usize,
}

impl Pages {
    /// Whether further keys should be left out.
    pub fn is_long(&self) -> bool {
        self.sub_keys.data.len() + self.values.data.len() >= limits::SCAN_MANY_BYTES
    }

    /// Begins the entries of the next key.
    pub fn begin(&mut self) {
        self.counts.push(0);
        self.more.push(0);
    }

    /// Adds an entry of the last key. Answers `false`, and notes that there is more, if it has `limit` entries already.
    #[inline]
    pub fn push(&mut self, limit: u32, sub_key: &[u8], value: &[u8]) -> bool {
        let (Some(count), Some(more)) = (self.counts.last_mut(), self.more.last_mut()) else {
            return false;
        };
        if *count >= limit {
            *more = 1;
            return false;
        }
        *count += 1;
        self.sub_keys.push(self.entries, sub_key);
        self.values.push(self.entries, value);
        self.entries += 1;
        true
    }

    /// Adds the page of the next key.
    pub fn add(&mut self, page: &Scanned) {
        self.begin();
        for index in 0..page.count {
            let sub_key = page.sub_keys.get(index, page.count);
            self.push(u32::MAX, sub_key, page.values.get(index, page.count));
        }
        if let Some(more) = self.more.last_mut() {
            *more = u8::from(page.more);
        }
    }
}

/// How much a backend holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateUsage {
    /// Live entries (an estimate for backends that cannot count).
    pub entries: u64,
    /// Bytes in memory.
    pub memory_bytes: u64,
    /// Bytes on local disk.
    pub disk_bytes: u64,
}

/// Keyed state could not be read, written, saved or restored.
#[derive(Clone, Debug, Error)]
pub enum StateError {
    /// The number was not declared.
    #[error("{0} is not declared by this operator")]
    UnknownState(StateNumber),
    /// The number was not declared as operator state.
    #[error("{0} is not declared as operator state by this operator")]
    UnknownOperatorState(StateNumber),
    /// An operator state is used as a list.
    #[error("operator state {0} is a broadcast state, not a list")]
    NoList(String),
    /// An operator state is used as a broadcast state.
    #[error("operator state {0} is a list, not a broadcast state")]
    NoBroadcast(String),
    /// A subtask keeps too much outside of keys.
    #[error(
        "operator state has grown to {bytes} bytes, a subtask may keep {max}: keep it by key instead"
    )]
    OperatorStateFull {
        /// What it has grown to.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The call does not fit the state's kind.
    #[error("state {name} is a {kind:?} state and cannot be used by {call}")]
    WrongKind {
        /// Which state.
        name: String,
        /// What it is.
        kind: StateKind,
        /// What was tried.
        call: &'static str,
    },
    /// The key belongs to another subtask.
    #[error("key group {key_group} of the key is not in this subtask's range {start}..{end}")]
    ForeignKey {
        /// Group of the key.
        key_group: u32,
        /// Range of the subtask.
        start: u32,
        /// End of the range.
        end: u32,
    },
    /// A key and sub-key longer than allowed.
    #[error("a key of {bytes} bytes: at most {max} are allowed")]
    KeyTooLong {
        /// Its length.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// The columns of a bulk call do not have one shape.
    #[error(transparent)]
    Malformed(#[from] crate::element::MalformedBatch),
    /// A write failed before; nothing may be written any more.
    #[error("the backend is closed after an earlier failure: {0}")]
    Poisoned(String),
    /// The snapshot names a state of another kind under the same name.
    #[error("state {name} was saved as {saved:?} and is now declared as {declared:?}")]
    KindChanged {
        /// Which state.
        name: String,
        /// Kind in the snapshot.
        saved: StateKind,
        /// Kind in the job.
        declared: StateKind,
    },
    /// The snapshot names an operator state of another kind under the same name.
    #[error(
        "operator state {name} was saved as {saved:?} and is now declared as {declared:?}: give it another name"
    )]
    OperatorKindChanged {
        /// Which state.
        name: String,
        /// Kind in the snapshot.
        saved: OperatorStateKind,
        /// Kind in the job.
        declared: OperatorStateKind,
    },
    /// A snapshot file is not what was written.
    #[error("snapshot file {name}: {reason}")]
    Corrupt {
        /// Which file.
        name: String,
        /// What does not fit.
        reason: String,
    },
    /// The disk or the database refused.
    #[error("{action}: {reason}")]
    Storage {
        /// What was tried.
        action: String,
        /// What the system said.
        reason: String,
    },
}

impl From<BlobError> for StateError {
    /// A snapshot file could not be written or read.
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Damaged { name, reason } => Self::Corrupt { name, reason },
            BlobError::Missing(name) => Self::Corrupt {
                name,
                reason: "is missing from the store".to_owned(),
            },
            BlobError::Store {
                action,
                name,
                reason,
            } => Self::Storage {
                action: format!("{action} snapshot file {name}"),
                reason,
            },
        }
    }
}

impl StateError {
    /// Who has to act.
    pub fn domain(&self) -> Domain {
        match self {
            Self::UnknownState(_)
            | Self::UnknownOperatorState(_)
            | Self::NoList(_)
            | Self::NoBroadcast(_)
            | Self::OperatorStateFull { .. }
            | Self::WrongKind { .. }
            | Self::ForeignKey { .. }
            | Self::KeyTooLong { .. }
            | Self::Malformed(_)
            | Self::KindChanged { .. }
            | Self::OperatorKindChanged { .. } => Domain::User,
            Self::Poisoned(_) | Self::Corrupt { .. } | Self::Storage { .. } => Domain::External,
        }
    }

    /// What may help.
    pub fn recovery(&self) -> Recovery {
        match self.domain() {
            Domain::External => Recovery::RestartJob,
            Domain::User | Domain::Internal => Recovery::FailJob,
        }
    }
}

/// What a completed snapshot of one task consists of: enough to restore it, given the blob store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotHandle {
    /// Which backend wrote it: `heap` or `rocksdb`; the reader of the files.
    pub format: String,
    /// Key groups it covers.
    pub key_groups: Option<KeyGroupRange>,
    /// Files in the order in which they must be read; some may be shared with earlier snapshots.
    pub files: Vec<BlobRef>,
}

/// Second half of a snapshot: writes what was frozen. Runs on a storage thread while the task goes on.
pub trait PendingSnapshot: Send {
    /// Writes the files and tells what they are.
    ///
    /// # Errors
    /// If the store or the local disk refuses. The checkpoint is then declined; the backend stays usable.
    fn write(self: Box<Self>, store: &dyn BlobStore) -> Result<SnapshotHandle, StateError>;
}

/// Is shown entries: key, sub-key, value.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8], &[u8]);

/// Keyed state of one task.
///
/// Threading: one owner, one thread; only [`PendingSnapshot`] leaves it. Calls may block on a local disk.
pub trait StateBackend: Send {
    /// Reads the values at `addresses`, appending one answer each to `found`.
    ///
    /// # Errors
    /// Unknown state, or a disk failure.
    fn get_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
        found: &mut Found,
    ) -> Result<(), StateError>;

    /// Sets the values at `addresses`; a later one of the same address wins.
    ///
    /// # Errors
    /// As [`StateBackend::get_many`]; after a failed write the backend is poisoned.
    fn put_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
        values: &Column,
    ) -> Result<(), StateError>;

    /// Removes the values at `addresses`; absent ones are no error.
    ///
    /// # Errors
    /// As [`StateBackend::put_many`].
    fn delete_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
    ) -> Result<(), StateError>;

    /// Appends each value to the list at its address. A list reads back (by `get_many`) as its elements, each preceded
    /// by its length as u32 little endian, so a list is also a legal value to put.
    ///
    /// # Errors
    /// As [`StateBackend::put_many`].
    fn append_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
        values: &Column,
    ) -> Result<(), StateError>;

    /// Reads at most `limit` entries of a Map state's key, from sub-key `from` (inclusive) on, ascending.
    ///
    /// # Errors
    /// As [`StateBackend::get_many`], or the state is not a Map.
    fn scan(
        &mut self,
        state: StateNumber,
        key: &[u8],
        from: &[u8],
        limit: u32,
    ) -> Result<Scanned, StateError>;

    /// Reads at most `limit` entries of each of `count` keys of a Map state, ascending. Stops between two keys when the
    /// answer is long, but never before the first.
    ///
    /// # Errors
    /// As [`StateBackend::scan`].
    fn scan_many(
        &mut self,
        state: StateNumber,
        count: usize,
        keys: &Column,
        limit: u32,
    ) -> Result<Pages, StateError> {
        let mut pages = Pages::default();
        for key in keys.entries(count) {
            pages.add(&self.scan(state, key, &[], limit)?);
            if pages.is_long() {
                break;
            }
        }
        Ok(pages)
    }

    /// Removes every entry of `count` keys of a Map state.
    ///
    /// # Errors
    /// As [`StateBackend::scan`].
    fn clear_many(
        &mut self,
        state: StateNumber,
        count: usize,
        keys: &Column,
    ) -> Result<(), StateError>;

    /// Visits every entry of a state, in no particular order.
    ///
    /// # Errors
    /// As [`StateBackend::get_many`].
    fn visit(&mut self, state: StateNumber, visit: Visit<'_>) -> Result<(), StateError>;

    /// Gives out the timers that were restored, once, as entries of their reserved state. From then on they are the
    /// caller's, who hands them in with every snapshot.
    ///
    /// # Errors
    /// As [`StateBackend::get_many`].
    fn take_timers(&mut self, domain: TimeDomain, visit: Visit<'_>) -> Result<(), StateError>;

    /// The epoch up to which changes of timers are safe: whoever restores finds them.
    fn timers_settled(&self) -> u32;

    /// First half of a snapshot: freezes the state as it is now, in well under a millisecond. `timers` become part of it.
    ///
    /// # Errors
    /// If the backend is poisoned or the disk refuses.
    fn snapshot(
        &mut self,
        checkpoint: CheckpointId,
        timers: FrozenTimers,
    ) -> Result<Box<dyn PendingSnapshot>, StateError>;

    /// The checkpoint is complete: later snapshots may build on its files. Checkpoints that never complete are not
    /// reported; what they saved is saved again by the next one.
    fn checkpoint_completed(&mut self, checkpoint: CheckpointId);

    /// How much is stored.
    fn usage(&self) -> StateUsage;
}

/// Everything needed to open a backend for one task.
#[derive(Clone, Debug)]
pub struct BackendSpec {
    /// States the task's operators declare.
    pub states: Vec<StateSpec>,
    /// Key groups the task owns.
    pub key_groups: KeyGroupRange,
    /// Number of key groups of the job.
    pub max_parallelism: u32,
    /// A directory of this task alone, empty, on a local disk. The backend may fill it.
    pub local_dir: std::path::PathBuf,
    /// Bytes of memory the backend may use for caches.
    pub managed_memory_bytes: u64,
}

/// Opens backends of one kind.
pub trait StateBackendFactory: Send + Sync {
    /// The name users know: `heap` or `rocksdb`.
    fn name(&self) -> &'static str;

    /// Opens a backend that holds what the snapshots hold within the task's key groups. The snapshots are those of all
    /// former tasks of this vertex whose ranges intersect; with none the backend is empty. States that the snapshot has
    /// and the spec does not are dropped.
    ///
    /// # Errors
    /// A damaged file, a changed kind, or a disk failure.
    fn open(
        &self,
        spec: BackendSpec,
        snapshots: &[SnapshotHandle],
        store: Arc<dyn BlobStore>,
    ) -> Result<Box<dyn StateBackend>, StateError>;
}

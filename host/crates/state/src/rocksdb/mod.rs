//! State in RocksDB, for state larger than memory: one database per task behind a cache of hot and of unflushed entries.
//!
//! Values are kept in tables in memory, clean and changed ones; a read that misses goes to the database and is kept,
//! absence too. Lists and maps are kept in memory only as far as they have changed since the last flush. At a barrier
//! the tables are frozen (that is the pause); a storage thread flushes them, links the database files and uploads the
//! new ones. Reading order: `keys`, `database`, `flush`, `pending`, `restore`,
//! `read`, `lists`.

mod database;
mod flush;
mod keys;
mod lists;
mod pending;
mod read;
mod restore;
mod uploads;

use std::sync::Arc;

use dataflow::element::Column;
use dataflow::ids::{CheckpointId, StateNumber};
use dataflow::port::blob::BlobStore;
use dataflow::port::state::{
    Addresses, BackendSpec, Found, PendingSnapshot, Scanned, SnapshotHandle, StateBackend,
    StateBackendFactory, StateError, StateKind, StateSpec, StateUsage,
};
use dataflow::time::frozen_timers::FrozenTimers;
use dataflow::time::timer::TimeDomain;

use crate::error::storage;
use crate::snapshot::FileHeader;
use crate::states;
use crate::table::{Deletes, Stamp, Table};

use database::Database;
use flush::{Changes, FlushJob, Segment};
use pending::RocksdbSnapshot;

/// Settings of the RocksDB backend, as plain values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RocksdbConfig {
    /// Part of the managed memory, in percent, for the cache of hot entries in front of the database; the rest goes to
    /// its block cache and write buffers.
    pub hot_percent: u8,
    /// Threads of one database for flushes and compactions.
    pub background_jobs: i32,
    /// Whether every snapshot has all of the state in files of its own.
    pub full_snapshots: bool,
}

impl Default for RocksdbConfig {
    fn default() -> Self {
        Self {
            hot_percent: 60,
            background_jobs: 2,
            full_snapshots: false,
        }
    }
}

/// Opens RocksDB backends.
#[derive(Clone, Copy, Debug, Default)]
pub struct RocksdbBackendFactory {
    config: RocksdbConfig,
}

impl RocksdbBackendFactory {
    /// A factory with these settings.
    pub fn new(config: RocksdbConfig) -> Self {
        Self { config }
    }
}

impl StateBackendFactory for RocksdbBackendFactory {
    fn name(&self) -> &'static str {
        "rocksdb"
    }

    fn open(
        &self,
        spec: BackendSpec,
        snapshots: &[SnapshotHandle],
        store: Arc<dyn BlobStore>,
    ) -> Result<Box<dyn StateBackend>, StateError> {
        let percent = u64::from(self.config.hot_percent.min(95));
        let hot_bytes = spec.managed_memory_bytes / 100 * percent;
        let memory_bytes = spec.managed_memory_bytes - hot_bytes;
        let opened = restore::open(&self.config, &spec, memory_bytes, snapshots, store.as_ref())?;
        let number = |state: &StateSpec| {
            let at = opened
                .names
                .iter()
                .position(|(name, _)| *name == state.name);
            at.map(|at| at as u16)
                .ok_or(StateError::UnknownState(state.number))
        };
        let mut states = Vec::new();
        for state in &spec.states {
            states.push(RocksdbState {
                id: number(state)?,
                spec: state.clone(),
                table: Table::new(spec.key_groups, spec.max_parallelism),
                segments: Vec::new(),
            });
        }
        Ok(Box::new(RocksdbBackend {
            states,
            epoch: 1,
            header: FileHeader {
                max_parallelism: spec.max_parallelism,
                key_groups: spec.key_groups,
                states: opened.names,
            },
            database: opened.database,
            jobs: Vec::new(),
            hot_bytes,
        }))
    }
}

/// One state: its number in database keys and what of it is in memory.
struct RocksdbState {
    spec: StateSpec,
    id: u16,
    table: Table,
    /// List states: earlier epochs that are not flushed, oldest first.
    segments: Vec<Segment>,
}

/// Keyed state of one task in RocksDB.
struct RocksdbBackend {
    states: Vec<RocksdbState>,
    /// Stamped into every entry that is written; grows with every flush.
    epoch: u32,
    header: FileHeader,
    database: Arc<Database>,
    /// Flushes that may not be over.
    jobs: Vec<Arc<FlushJob>>,
    /// Bytes the tables may take.
    hot_bytes: u64,
}

impl RocksdbBackend {
    fn index(&self, number: StateNumber) -> Result<usize, StateError> {
        self.states
            .iter()
            .position(|state| state.spec.number == number)
            .ok_or(StateError::UnknownState(number))
    }

    /// The state for a write, and the stamp of its entries.
    fn writable(&mut self, number: StateNumber) -> Result<(&mut RocksdbState, Stamp), StateError> {
        self.database.usable()?;
        let index = self.index(number)?;
        let state = &mut self.states[index];
        state.table.tidy();
        let settled = match state.spec.kind {
            // A list table holds one epoch only.
            StateKind::List => 0,
            StateKind::Value | StateKind::Map => self.database.flushed(),
        };
        let stamp = Stamp {
            epoch: self.epoch,
            settled,
            deletes: Deletes::Keep,
        };
        Ok((state, stamp))
    }

    fn freeze(&mut self) -> Vec<(u16, Changes)> {
        let epoch = self.epoch;
        let (key_groups, max_parallelism) = (self.header.key_groups, self.header.max_parallelism);
        self.epoch += 1;
        self.jobs.retain(|job| !job.is_over());
        let freeze = |state: &mut RocksdbState| {
            if state.spec.kind != StateKind::List {
                return Changes::Entries(state.spec.kind, state.table.freeze());
            }
            let empty = Table::new(key_groups, max_parallelism);
            let table = Arc::new(std::mem::replace(&mut state.table, empty));
            state.segments.push(Segment { epoch, table });
            Changes::Segments(state.segments.clone())
        };
        self.states
            .iter_mut()
            .map(|state| (state.id, freeze(state)))
            .collect()
    }

    /// Brings everything into the database now.
    fn flush(&mut self) -> Result<(), StateError> {
        let epoch = self.epoch;
        let changes = self.freeze();
        let previous = std::mem::take(&mut self.jobs);
        let database = Arc::clone(&self.database);
        FlushJob::new(database, epoch, changes, None, previous).run()?;
        for state in &mut self.states {
            state.segments.clear();
        }
        Ok(())
    }

    fn allocated(&self) -> u64 {
        let segments = self.states.iter().flat_map(|state| &state.segments);
        let segments: u64 = segments.map(|segment| segment.table.allocated()).sum();
        segments
            + self
                .states
                .iter()
                .map(|state| state.table.allocated())
                .sum::<u64>()
    }

    /// Keeps the tables within their share of the memory: flushes when too much has changed, drops what is clean.
    fn relieve(&mut self) -> Result<(), StateError> {
        let changed: u64 = self
            .states
            .iter()
            .map(|state| state.table.touched_bytes)
            .sum();
        if changed > self.hot_bytes * 3 / 4 {
            self.flush()?;
        }
        if self.allocated() <= self.hot_bytes {
            return Ok(());
        }
        self.evict();
        if self.allocated() > self.hot_bytes {
            self.flush()?;
            self.evict();
        }
        Ok(())
    }

    fn evict(&mut self) {
        let flushed = self.database.flushed();
        let target = self.hot_bytes / 16 * 15;
        for index in 0..self.states.len() {
            let excess = self.allocated().saturating_sub(target);
            let state = &mut self.states[index];
            if excess > 0 && state.spec.kind != StateKind::List {
                let own = state.table.allocated();
                state.table.evict(flushed, own.saturating_sub(excess));
            }
        }
    }
}

impl StateBackend for RocksdbBackend {
    fn get_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
        found: &mut Found,
    ) -> Result<(), StateError> {
        self.database.usable()?;
        let index = self.index(state)?;
        let state = &mut self.states[index];
        state.table.tidy();
        match state.spec.kind {
            StateKind::List => lists::get_many(state, &self.database, addresses, found),
            StateKind::Value | StateKind::Map => {
                if read::get_many(state, &self.database, addresses, found)? {
                    self.relieve()?;
                }
                Ok(())
            }
        }
    }

    fn put_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
        values: &Column,
    ) -> Result<(), StateError> {
        let (state, stamp) = self.writable(state)?;
        match state.spec.kind {
            StateKind::Map => state.table.map_put_many(addresses, values, stamp)?,
            StateKind::Value | StateKind::List => state.table.put_many(addresses, values, stamp)?,
        }
        self.relieve()
    }

    fn delete_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
    ) -> Result<(), StateError> {
        let (state, stamp) = self.writable(state)?;
        match state.spec.kind {
            StateKind::Map => state.table.map_delete_many(addresses, stamp)?,
            StateKind::Value | StateKind::List => state.table.delete_many(addresses, stamp)?,
        }
        self.relieve()
    }

    fn append_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
        values: &Column,
    ) -> Result<(), StateError> {
        let (state, stamp) = self.writable(state)?;
        states::require(&state.spec, StateKind::List, "append")?;
        state.table.append_many(addresses, values, stamp)?;
        self.relieve()
    }

    fn scan(
        &mut self,
        state: StateNumber,
        key: &[u8],
        from: &[u8],
        limit: u32,
    ) -> Result<Scanned, StateError> {
        self.database.usable()?;
        let index = self.index(state)?;
        let state = &self.states[index];
        states::require(&state.spec, StateKind::Map, "scan")?;
        read::scan(state, &self.database, key, from, limit)
    }

    fn clear_many(
        &mut self,
        state: StateNumber,
        count: usize,
        keys: &Column,
    ) -> Result<(), StateError> {
        let database = Arc::clone(&self.database);
        let (state, stamp) = self.writable(state)?;
        states::require(&state.spec, StateKind::Map, "clear")?;
        for key in keys.entries(count) {
            read::clear_key(state, &database, key, stamp)?;
        }
        self.relieve()
    }

    fn visit(
        &mut self,
        state: StateNumber,
        visit: &mut dyn FnMut(&[u8], &[u8], &[u8]),
    ) -> Result<(), StateError> {
        self.flush()?;
        let id = self.states[self.index(state)?].id;
        let range = self.header.key_groups;
        for key_group in range.start..range.end {
            let prefix = keys::state_prefix(key_group, id);
            let mut odd = false;
            self.database.scan(&prefix, &prefix, |key, value| {
                match keys::decode(key) {
                    Some(parts) => visit(parts.key, parts.sub_key, value),
                    None => odd = true,
                }
                !odd
            })?;
            if odd {
                return Err(storage(
                    "scan the state database",
                    "it has a key that is no address; restore from a checkpoint",
                ));
            }
        }
        Ok(())
    }

    fn take_timers(
        &mut self,
        domain: TimeDomain,
        visit: &mut dyn FnMut(&[u8], &[u8], &[u8]),
    ) -> Result<(), StateError> {
        self.visit(domain.state(), visit)
    }

    fn timers_settled(&self) -> u32 {
        self.database.timers_flushed()
    }

    fn snapshot(
        &mut self,
        checkpoint: CheckpointId,
        timers: FrozenTimers,
    ) -> Result<Box<dyn PendingSnapshot>, StateError> {
        self.database.usable()?;
        let epoch = self.epoch;
        let dir = self.database.local_dir.join(format!("checkpoint-{epoch}"));
        let mut changes = self.freeze();
        for state in &self.states {
            if let Some(domain) = TimeDomain::of_state(state.spec.number) {
                let queue = timers.queue(domain).clone();
                let timers = Changes::Timers(timers.epoch, queue, self.header.max_parallelism);
                changes.push((state.id, timers));
            }
        }
        let job = Arc::new(FlushJob::new(
            Arc::clone(&self.database),
            epoch,
            changes,
            Some(dir.clone()),
            self.jobs.clone(),
        ));
        self.jobs.push(Arc::clone(&job));
        Ok(Box::new(RocksdbSnapshot {
            checkpoint,
            database: Arc::clone(&self.database),
            job,
            dir,
            reusable: self.database.uploads.reusable(),
            header: self.header.clone(),
        }))
    }

    fn checkpoint_completed(&mut self, checkpoint: CheckpointId) {
        self.database.uploads.complete(checkpoint);
    }

    fn usage(&self) -> StateUsage {
        StateUsage {
            entries: self.database.entries(),
            memory_bytes: self.allocated() + self.database.memory_bytes(),
            disk_bytes: self.database.disk_bytes(),
        }
    }
}

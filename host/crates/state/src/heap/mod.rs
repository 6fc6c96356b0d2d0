//! State on the heap: the default backend, for state that fits into memory.
//!
//! One `Table` per state. A snapshot freezes the tables by sharing their pages and writes, off the task's thread, what
//! changed since the last completed checkpoint; when the deltas outweigh the base it writes a new base. Nothing touches
//! the local disk.
//!
//! Known costs: a list is saved as a whole when it has grown; a map of one key is saved as a whole while it is small
//! (up to a kilobyte) and by changed sub-keys beyond.

mod ledger;
mod pending;
mod restore;

use std::sync::Arc;

use dataflow::element::Column;
use dataflow::ids::{CheckpointId, StateNumber};
use dataflow::port::blob::BlobStore;
use dataflow::port::state::{
    Addresses, BackendSpec, Found, Pages, PendingSnapshot, Scanned, SnapshotHandle, StateBackend,
    StateBackendFactory, StateError, StateKind, StateSpec, StateUsage,
};
use dataflow::time::frozen_timers::FrozenTimers;
use dataflow::time::timer::TimeDomain;

use crate::table::bulk::Cursor;
use crate::table::{Answer, Deletes, Stamp, Table};
use crate::{reply, states};

use ledger::Chain;
pub(crate) use ledger::Ledger;
use pending::{Content, FrozenState, HeapSnapshot};

/// Opens heap backends.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeapBackendFactory {
    full: bool,
}

impl HeapBackendFactory {
    /// A factory of backends whose snapshots build on the completed ones before.
    pub fn new() -> Self {
        Self::default()
    }

    /// As it is, but every snapshot has all of the state in files of its own.
    pub fn with_full_snapshots(self) -> Self {
        Self { full: true }
    }
}

impl StateBackendFactory for HeapBackendFactory {
    fn name(&self) -> &'static str {
        "heap"
    }

    fn open(
        &self,
        spec: BackendSpec,
        snapshots: &[SnapshotHandle],
        store: Arc<dyn BlobStore>,
    ) -> Result<Box<dyn StateBackend>, StateError> {
        let mut backend = HeapBackend::new(spec, self.full);
        for snapshot in snapshots {
            restore::restore(&mut backend, snapshot, store.as_ref())?;
        }
        Ok(Box::new(backend))
    }
}

/// One state and its entries.
#[derive(Debug)]
pub(crate) struct HeapState {
    pub(crate) spec: StateSpec,
    pub(crate) table: Table,
}

/// Keyed state of one task on the heap.
#[derive(Debug)]
pub(crate) struct HeapBackend {
    pub(crate) spec: BackendSpec,
    pub(crate) states: Vec<HeapState>,
    /// Stamped into every entry that is written; grows with every snapshot.
    epoch: u32,
    ledger: Arc<Ledger>,
    /// Whether snapshots build on nothing.
    full: bool,
}

impl HeapBackend {
    fn new(spec: BackendSpec, full: bool) -> Self {
        let states = spec
            .states
            .iter()
            .map(|state| HeapState {
                spec: state.clone(),
                table: Table::new(spec.key_groups, spec.max_parallelism),
            })
            .collect();
        Self {
            spec,
            states,
            epoch: 1,
            ledger: Arc::default(),
            full,
        }
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            epoch: self.epoch,
            settled: self.ledger.completed_epoch(),
            deletes: if self.epoch == 1 {
                Deletes::Forget
            } else {
                Deletes::KeepUnlessFresh
            },
        }
    }

    fn state(&mut self, number: StateNumber) -> Result<&mut HeapState, StateError> {
        self.states
            .iter_mut()
            .find(|state| state.spec.number == number)
            .ok_or(StateError::UnknownState(number))
    }
}

impl StateBackend for HeapBackend {
    fn get_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
        found: &mut Found,
    ) -> Result<(), StateError> {
        let state = self.state(state)?;
        state.table.tidy();
        found.present.reserve(addresses.count);
        let mut too_large = false;
        let answer = |_, answer: Answer<'_>| match answer {
            Answer::Value(value) => too_large |= !reply::push(found, Some(value)),
            Answer::Unknown | Answer::Absent | Answer::Suffix(_) => found.push(None),
        };
        match state.spec.kind {
            StateKind::Map => state.table.map_read_many(addresses, answer)?,
            StateKind::Value | StateKind::List => {
                state.table.read_many(Cursor::exact(addresses), answer)?;
            }
        }
        reply::check(too_large, &state.spec.name)
    }

    fn put_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
        values: &Column,
    ) -> Result<(), StateError> {
        let stamp = self.stamp();
        let state = self.state(state)?;
        state.table.tidy();
        match state.spec.kind {
            StateKind::Map => state.table.map_put_many(addresses, values, stamp),
            StateKind::Value | StateKind::List => state.table.put_many(addresses, values, stamp),
        }
    }

    fn delete_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
    ) -> Result<(), StateError> {
        let stamp = self.stamp();
        let state = self.state(state)?;
        state.table.tidy();
        match state.spec.kind {
            StateKind::Map => state.table.map_delete_many(addresses, stamp),
            StateKind::Value | StateKind::List => state.table.delete_many(addresses, stamp),
        }
    }

    fn append_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
        values: &Column,
    ) -> Result<(), StateError> {
        let stamp = self.stamp();
        let state = self.state(state)?;
        states::require(&state.spec, StateKind::List, "append")?;
        state.table.tidy();
        state.table.append_many(addresses, values, stamp)
    }

    fn scan(
        &mut self,
        state: StateNumber,
        key: &[u8],
        from: &[u8],
        limit: u32,
    ) -> Result<Scanned, StateError> {
        let state = self.state(state)?;
        states::require(&state.spec, StateKind::Map, "scan")?;
        let mut scanned = Scanned::default();
        state.table.map_scan(key, from, |sub_key, value, _| {
            let Some(value) = value else {
                return true;
            };
            reply::push_scanned(&mut scanned, limit, sub_key, value)
        })?;
        Ok(scanned)
    }

    fn scan_many(
        &mut self,
        state: StateNumber,
        count: usize,
        keys: &Column,
        limit: u32,
    ) -> Result<Pages, StateError> {
        let state = self.state(state)?;
        states::require(&state.spec, StateKind::Map, "scan")?;
        let mut pages = Pages::default();
        state.table.map_scan_many(count, keys, limit, &mut pages)?;
        Ok(pages)
    }

    fn clear_many(
        &mut self,
        state: StateNumber,
        count: usize,
        keys: &Column,
    ) -> Result<(), StateError> {
        let stamp = self.stamp();
        let state = self.state(state)?;
        states::require(&state.spec, StateKind::Map, "clear")?;
        state.table.tidy();
        state.table.map_clear_many(count, keys, stamp)
    }

    fn visit(
        &mut self,
        state: StateNumber,
        visit: &mut dyn FnMut(&[u8], &[u8], &[u8]),
    ) -> Result<(), StateError> {
        let state = self.state(state)?;
        let is_map = state.spec.kind == StateKind::Map;
        for shard in state.table.shards() {
            shard.visit(is_map, visit);
        }
        Ok(())
    }

    fn take_timers(
        &mut self,
        domain: TimeDomain,
        visit: &mut dyn FnMut(&[u8], &[u8], &[u8]),
    ) -> Result<(), StateError> {
        self.visit(domain.state(), visit)?;
        let (key_groups, max_parallelism) = (self.spec.key_groups, self.spec.max_parallelism);
        self.state(domain.state())?.table = Table::new(key_groups, max_parallelism);
        Ok(())
    }

    fn timers_settled(&self) -> u32 {
        self.ledger.completed_epoch()
    }

    fn snapshot(
        &mut self,
        checkpoint: CheckpointId,
        timers: FrozenTimers,
    ) -> Result<Box<dyn PendingSnapshot>, StateError> {
        let freeze = |state: &mut HeapState| FrozenState {
            kind: state.spec.kind,
            name: state.spec.name.clone(),
            content: match TimeDomain::of_state(state.spec.number) {
                Some(domain) => Content::Timers(timers.queue(domain).clone()),
                None => Content::Table(state.table.freeze()),
            },
        };
        let states = self.states.iter_mut().map(freeze).collect();
        let snapshot = HeapSnapshot {
            checkpoint,
            epoch: self.epoch,
            chain: if self.full {
                Chain::default()
            } else {
                self.ledger.chain()
            },
            states,
            key_groups: self.spec.key_groups,
            max_parallelism: self.spec.max_parallelism,
            ledger: Arc::clone(&self.ledger),
        };
        self.epoch += 1;
        Ok(Box::new(snapshot))
    }

    fn checkpoint_completed(&mut self, checkpoint: CheckpointId) {
        self.ledger.complete(checkpoint);
    }

    fn usage(&self) -> StateUsage {
        StateUsage {
            entries: self.states.iter().map(|state| state.table.live()).sum(),
            memory_bytes: self
                .states
                .iter()
                .map(|state| state.table.allocated())
                .sum(),
            disk_bytes: 0,
        }
    }
}

//! A frozen heap state on its way to the store.

use std::sync::Arc;

use dataflow::ids::CheckpointId;
use dataflow::key_group::KeyGroupRange;
use dataflow::port::blob::BlobStore;
use dataflow::port::state::{PendingSnapshot, SnapshotHandle, StateError, StateKind};
use dataflow::time::frozen_timers::{FrozenQueue, TimerOp};
use dataflow::time::timer::timer_sub_key;

use super::ledger::{Chain, Ledger};
use crate::snapshot::writer::SnapshotWriter;
use crate::snapshot::{FileHeader, Op};
use crate::table::arena::{Header, TOMBSTONE};
use crate::table::group::Frozen;
use crate::table::large::{Large, Tree};
use crate::table::shard::Shard;

/// One state as it was.
pub(crate) struct FrozenState {
    pub(crate) kind: StateKind,
    pub(crate) name: String,
    pub(crate) content: Content,
}

/// What a state has.
pub(crate) enum Content {
    /// What operators put there.
    Table(Frozen),
    /// Timers, whose epochs are those of the backend: both count snapshots.
    Timers(FrozenQueue),
}

/// All states of a task as they were at a barrier.
pub(crate) struct HeapSnapshot {
    pub(crate) checkpoint: CheckpointId,
    /// The epoch that ended with the barrier.
    pub(crate) epoch: u32,
    /// The completed chain at the barrier.
    pub(crate) chain: Chain,
    pub(crate) states: Vec<FrozenState>,
    pub(crate) key_groups: KeyGroupRange,
    pub(crate) max_parallelism: u32,
    pub(crate) ledger: Arc<Ledger>,
}

impl PendingSnapshot for HeapSnapshot {
    fn write(self: Box<Self>, store: &dyn BlobStore) -> Result<SnapshotHandle, StateError> {
        let full = self.chain.wants_base();
        let since = if full { None } else { Some(self.chain.epoch) };
        let header = FileHeader {
            max_parallelism: self.max_parallelism,
            key_groups: self.key_groups,
            states: self
                .states
                .iter()
                .map(|state| (state.name.clone(), state.kind))
                .collect(),
        };
        let role = if full { "base" } else { "delta" };
        let mut writer = SnapshotWriter::new(store, role, &header);
        for (index, state) in self.states.iter().enumerate() {
            match &state.content {
                Content::Table(frozen) => {
                    for (key_group, shards) in frozen.groups(since) {
                        writer.begin(index as u32, key_group)?;
                        for shard in shards {
                            write_shard(&mut writer, shard, state.kind, since)?;
                        }
                    }
                }
                Content::Timers(queue) => {
                    let changes = queue.changes(since, self.max_parallelism);
                    write_timers(&mut writer, index as u32, &changes)?;
                }
            }
        }
        let (files, bytes) = writer.finish()?;
        let mut chain = Chain {
            epoch: self.epoch,
            ..self.chain
        };
        if full {
            chain.files = files;
            (chain.base_bytes, chain.delta_bytes) = (bytes, 0);
        } else {
            chain.files.extend(files);
            chain.delta_bytes += bytes;
        }
        let handle = SnapshotHandle {
            format: "heap".to_owned(),
            key_groups: Some(self.key_groups),
            files: chain.files.clone(),
        };
        self.ledger.written(self.checkpoint, chain);
        Ok(handle)
    }
}

/// Writes timers, which come by key group.
fn write_timers(
    writer: &mut SnapshotWriter<'_>,
    state: u32,
    changes: &[TimerOp<'_>],
) -> Result<(), StateError> {
    let mut sub_key = Vec::new();
    for of_group in changes.chunk_by(|a, b| a.key_group == b.key_group) {
        writer.begin(state, of_group[0].key_group)?;
        for timer in of_group {
            timer_sub_key(timer.time, timer.namespace, &mut sub_key);
            let op = if timer.added { Op::Put } else { Op::Delete };
            writer.entry(op, timer.key, &sub_key, &[])?;
        }
    }
    Ok(())
}

/// Writes the entries of a shard that changed after `since`, or all values if there is no `since`.
fn write_shard(
    writer: &mut SnapshotWriter<'_>,
    shard: &Shard,
    kind: StateKind,
    since: Option<u32>,
) -> Result<(), StateError> {
    for (offset, header) in shard.entries() {
        if since.is_some_and(|since| header.epoch <= since) {
            continue;
        }
        let (key, sub_key) = shard.address(offset, &header);
        if header.has(TOMBSTONE) {
            if since.is_some() {
                writer.entry(Op::Delete, key, sub_key, &[])?;
            }
        } else if kind == StateKind::Map {
            write_map(writer, shard, offset, &header, since)?;
        } else {
            writer.entry(Op::Put, key, sub_key, shard.bytes(offset, &header))?;
        }
    }
    Ok(())
}

fn write_map(
    writer: &mut SnapshotWriter<'_>,
    shard: &Shard,
    offset: u32,
    header: &Header,
    since: Option<u32>,
) -> Result<(), StateError> {
    let (key, _) = shard.address(offset, header);
    match shard.large(offset, header) {
        Some(Large::Tree(tree)) => write_tree(writer, key, tree, since),
        _ => writer.entry(Op::MapReplace, key, &[], shard.bytes(offset, header)),
    }
}

fn write_tree(
    writer: &mut SnapshotWriter<'_>,
    key: &[u8],
    tree: &Tree,
    since: Option<u32>,
) -> Result<(), StateError> {
    // A tree younger than the chain replaces whatever map the chain has for the key.
    let since = since.filter(|since| tree.born <= *since);
    if since.is_none() {
        writer.entry(Op::MapReplace, key, &[], &[])?;
    }
    for (sub_key, cell) in &tree.cells {
        if since.is_some_and(|since| cell.epoch <= since) {
            continue;
        }
        match &cell.value {
            Some(value) => writer.entry(Op::MapPut, key, sub_key, value)?,
            None if since.is_some() => writer.entry(Op::MapDelete, key, sub_key, &[])?,
            None => {}
        }
    }
    Ok(())
}

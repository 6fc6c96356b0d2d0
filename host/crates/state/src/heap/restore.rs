//! Reads snapshots of the heap backend into empty tables, keeping the key groups that the task owns now.

use dataflow::key_group::KeyGroupRange;
use dataflow::limits;
use dataflow::port::blob::{BlobRef, BlobStore};
use dataflow::port::state::{SnapshotHandle, StateError, StateKind};

use super::HeapBackend;
use crate::error::corrupt;
use crate::snapshot::Op;
use crate::snapshot::reader::{Entry, Section, SnapshotReader};
use crate::states;
use crate::table::large::PACKED_BYTES_MAX;
use crate::table::shard::{Shard, UNKNOWN};
use crate::table::{Address, Deletes, Stamp, Table, Written, packed};

/// Restored entries are older than every snapshot of this run, and what was deleted leaves no trace.
const RESTORED: Stamp = Stamp {
    epoch: 0,
    settled: 0,
    deletes: Deletes::Forget,
};

/// Adds the state of one former task.
///
/// # Errors
/// A file is missing or damaged, or a state has changed its kind.
pub(super) fn restore(
    backend: &mut HeapBackend,
    snapshot: &SnapshotHandle,
    store: &dyn BlobStore,
) -> Result<(), StateError> {
    states::require_format(snapshot, "heap")?;
    let mut wanted = backend.spec.key_groups;
    if let Some(saved) = snapshot.key_groups {
        wanted = wanted.intersect(saved);
    }
    if wanted.is_empty() {
        return Ok(());
    }
    for file in &snapshot.files {
        let bytes = store.get(file)?;
        read_file(backend, file, &bytes, wanted)?;
    }
    Ok(())
}

fn read_file(
    backend: &mut HeapBackend,
    file: &BlobRef,
    bytes: &[u8],
    wanted: KeyGroupRange,
) -> Result<(), StateError> {
    let mut reader = SnapshotReader::open(&file.name, bytes)?;
    states::require_max_parallelism(
        &file.name,
        reader.header.max_parallelism,
        backend.spec.max_parallelism,
    )?;
    let mut targets = Vec::with_capacity(reader.header.states.len());
    for (name, kind) in &reader.header.states {
        let target = backend
            .states
            .iter()
            .position(|state| state.spec.name == *name);
        if let Some(target) = target {
            states::require_kind(&backend.states[target].spec, *kind)?;
        }
        targets.push(target);
    }
    while let Some(section) = reader.next_section()? {
        let Some(target) = targets[section.state] else {
            continue;
        };
        if wanted.contains(section.key_group) {
            let state = &mut backend.states[target];
            read_section(&mut state.table, state.spec.kind, &section, &file.name)?;
        }
    }
    Ok(())
}

fn read_section(
    table: &mut Table,
    kind: StateKind,
    section: &Section<'_>,
    file: &str,
) -> Result<(), StateError> {
    let key_groups = table.key_groups();
    section.entries(file, |entry| {
        let bytes = entry.key.len() + entry.sub_key.len();
        if bytes > limits::KEY_BYTES_MAX {
            return Err(corrupt(file, format!("a key of {bytes} bytes")));
        }
        let in_map = matches!(entry.op, Op::MapReplace | Op::MapPut | Op::MapDelete);
        let fits = match kind {
            StateKind::Map => in_map || entry.op == Op::Delete,
            StateKind::Value | StateKind::List => !in_map,
        };
        let packed_fits = entry.op != Op::MapReplace
            || (entry.value.len() <= PACKED_BYTES_MAX && packed::check(entry.value));
        if !fits || !packed_fits {
            return Err(corrupt(
                file,
                format!("an entry that no {kind:?} state has"),
            ));
        }
        let sub_key = if in_map { &[][..] } else { entry.sub_key };
        let place = table.place(entry.key, sub_key)?;
        if place.group + key_groups.start != section.key_group {
            return Err(corrupt(file, "a key in the section of another key group"));
        }
        table.write_one(entry.key, sub_key, |shard, address| {
            apply(shard, address, kind, &entry)
        })?;
        Ok(())
    })
}

fn apply(shard: &mut Shard, address: &Address<'_>, kind: StateKind, entry: &Entry<'_>) -> Written {
    match entry.op {
        Op::Put => shard.put(address, UNKNOWN, entry.value, RESTORED),
        Op::Delete if kind != StateKind::Map => shard.delete(address, UNKNOWN, RESTORED),
        Op::Delete => shard.map_clear(address, UNKNOWN, RESTORED),
        Op::MapReplace => {
            shard.map_replace(address, entry.value, RESTORED);
            Written::SLOW
        }
        Op::MapPut => shard.map_put(address, UNKNOWN, entry.sub_key, entry.value, RESTORED),
        Op::MapDelete => shard.map_delete(address, UNKNOWN, entry.sub_key, RESTORED),
    }
}

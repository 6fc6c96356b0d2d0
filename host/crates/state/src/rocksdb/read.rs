//! Reads of Value and Map states: from memory, and what memory does not know from the database in one sorted call.

use std::ops::Range;

use dataflow::port::state::{Addresses, Found, Scanned, StateError, StateKind};

use super::RocksdbState;
use super::database::{Database, check_end};
use super::keys;
use crate::reply;
use crate::table::bulk::Cursor;
use crate::table::shard::UNKNOWN;
use crate::table::{Answer, Deletes, Stamp, Table};

/// Entries read from the database are as old as can be: never to be flushed, free to be evicted.
const CLEAN: Stamp = Stamp {
    epoch: 0,
    settled: 0,
    deletes: Deletes::Keep,
};

/// Values read from the database, in the order in which they were asked for.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    data: Vec<u8>,
    values: Vec<Option<Range<usize>>>,
}

impl Loaded {
    pub(super) fn get(&self, index: usize) -> Option<&[u8]> {
        let range = self.values.get(index)?.clone()?;
        self.data.get(range)
    }
}

/// Reads the addresses with these indexes from the database.
///
/// # Errors
/// A foreign key, or the disk refuses.
pub(super) fn load(
    table: &Table,
    id: u16,
    database: &Database,
    addresses: Addresses<'_>,
    indexes: &[u32],
) -> Result<Loaded, StateError> {
    let mut encoded = Vec::new();
    let mut ends = Vec::with_capacity(indexes.len());
    for &index in indexes {
        let (key, sub_key) = addresses.get(index as usize);
        let key_group = table.place(key, &[])?.group + table.key_groups().start;
        keys::encode(&mut encoded, key_group, id, key, sub_key);
        ends.push(encoded.len());
    }
    let slice = |at: usize| {
        let start = if at == 0 { 0 } else { ends[at - 1] };
        &encoded[start..ends[at]]
    };
    let mut order: Vec<usize> = (0..indexes.len()).collect();
    order.sort_unstable_by_key(|&at| slice(at));
    let sorted: Vec<&[u8]> = order.iter().map(|&at| slice(at)).collect();
    let mut loaded = Loaded {
        data: Vec::new(),
        values: vec![None; indexes.len()],
    };
    database.read_many(&sorted, |position, value| {
        if let Some(value) = value {
            let start = loaded.data.len();
            loaded.data.extend_from_slice(value);
            loaded.values[order[position]] = Some(start..loaded.data.len());
        }
    })?;
    Ok(loaded)
}

/// Reads many values. Answers whether the table grew.
///
/// # Errors
/// A foreign key, the disk refuses, or the answer is too large.
pub(super) fn get_many(
    state: &mut RocksdbState,
    database: &Database,
    addresses: Addresses<'_>,
    found: &mut Found,
) -> Result<bool, StateError> {
    let mut reply = if found.present.is_empty() {
        std::mem::take(found)
    } else {
        Found::default()
    };
    reply.present.reserve(addresses.count);
    let mut missing = Vec::new();
    let fits = pass(state, addresses, &mut reply, |index| {
        missing.push(index as u32);
        None
    })?;
    let mut all_fit = fits;
    if !missing.is_empty() {
        let loaded = load(&state.table, state.id, database, addresses, &missing)?;
        reply.present.clear();
        reply.values.clear();
        let mut next = 0;
        all_fit = pass(state, addresses, &mut reply, |_| {
            next += 1;
            loaded.get(next - 1)
        })?;
        if state.spec.kind == StateKind::Value {
            keep(&mut state.table, addresses, &missing, &loaded)?;
        }
    }
    reply::check(!all_fit, &state.spec.name)?;
    if found.present.is_empty() {
        *found = reply;
    } else {
        let count = reply.present.len();
        for (index, value) in reply.values.entries(count).enumerate() {
            found.push((reply.present[index] == 1).then_some(value));
        }
    }
    Ok(!missing.is_empty())
}

/// Answers all addresses; what the table does not know is asked of `other`. Answers `false` if a value did not fit.
fn pass<'v>(
    state: &RocksdbState,
    addresses: Addresses<'_>,
    reply: &mut Found,
    mut other: impl FnMut(usize) -> Option<&'v [u8]>,
) -> Result<bool, StateError> {
    let mut fits = true;
    let answer = |index, answer: Answer<'_>| match answer {
        Answer::Value(value) => fits &= reply::push(reply, Some(value)),
        Answer::Absent => reply.push(None),
        Answer::Unknown | Answer::Suffix(_) => fits &= reply::push(reply, other(index)),
    };
    match state.spec.kind {
        StateKind::Map => state.table.map_read_many(addresses, answer)?,
        StateKind::Value | StateKind::List => {
            state.table.read_many(Cursor::exact(addresses), answer)?;
        }
    }
    Ok(fits)
}

/// Keeps what was read in the table, absence too.
fn keep(
    table: &mut Table,
    addresses: Addresses<'_>,
    missing: &[u32],
    loaded: &Loaded,
) -> Result<(), StateError> {
    let touched_bytes = table.touched_bytes;
    for (at, &index) in missing.iter().enumerate() {
        let (key, sub_key) = addresses.get(index as usize);
        table.write_one(key, sub_key, |shard, address| match loaded.get(at) {
            Some(value) => shard.put(address, UNKNOWN, value, CLEAN),
            None => shard.delete(address, UNKNOWN, CLEAN),
        })?;
    }
    table.touched_bytes = touched_bytes;
    Ok(())
}

/// Reads a page of a Map state's key: the database's entries with the changes in memory on top.
///
/// # Errors
/// A foreign key, or the disk refuses.
pub(super) fn scan(
    state: &RocksdbState,
    database: &Database,
    key: &[u8],
    from: &[u8],
    limit: u32,
) -> Result<Scanned, StateError> {
    let mut scanned = Scanned::default();
    merge(state, database, key, from, |sub_key, value| {
        reply::push_scanned(&mut scanned, limit, sub_key, value)
    })?;
    Ok(scanned)
}

/// Visits the entries of a key from sub-key `from` on, in order, until `visit` answers `false`.
fn merge(
    state: &RocksdbState,
    database: &Database,
    key: &[u8],
    from: &[u8],
    mut visit: impl FnMut(&[u8], &[u8]) -> bool,
) -> Result<(), StateError> {
    let key_group = state.table.place(key, &[])?.group + state.table.key_groups().start;
    let mut start = Vec::new();
    keys::encode(&mut start, key_group, state.id, key, from);
    let prefix = start.len() - from.len();
    let mut stored = database.cursor(&start[..prefix], &start);
    let mut going = true;
    state.table.map_scan(key, from, |sub_key, value, _| {
        while going && let Some((stored_key, stored_value)) = stored.item() {
            match stored_key[prefix..].cmp(sub_key) {
                std::cmp::Ordering::Less => going = visit(&stored_key[prefix..], stored_value),
                std::cmp::Ordering::Equal => {}
                std::cmp::Ordering::Greater => break,
            }
            stored.next();
        }
        if going && let Some(value) = value {
            going = visit(sub_key, value);
        }
        going
    })?;
    while going && let Some((stored_key, stored_value)) = stored.item() {
        going = visit(&stored_key[prefix..], stored_value);
        stored.next();
    }
    check_end(&stored)
}

/// Removes every entry of a Map state's key.
///
/// # Errors
/// A foreign key, or the disk refuses.
pub(super) fn clear_key(
    state: &mut RocksdbState,
    database: &Database,
    key: &[u8],
    stamp: Stamp,
) -> Result<(), StateError> {
    let mut gone = Vec::new();
    merge(state, database, key, &[], |sub_key, _| {
        gone.push(sub_key.to_vec());
        true
    })?;
    for sub_key in gone {
        state.table.write_one(key, &[], |shard, address| {
            shard.map_delete(address, UNKNOWN, &sub_key, stamp)
        })?;
    }
    Ok(())
}

//! The changes of a call to one Map state: a log in columns, sent as it is whenever that is right.
//!
//! Writing appends to the columns that are sent at the end of the call, and hashes nothing. Only a read, a removal or a
//! cleared map asks what the call has changed already: from then on an index over slots and sub-keys is kept, by which a
//! later change of an entry replaces the earlier one. Invariant: without an index the log has nothing but entries to
//! set, whose order alone decides.

use super::SubKey;
use crate::column::Column;
use crate::host::Addresses;
use crate::keyed::KeyTable;

/// The end of a chain of changes.
const NONE: u32 = u32::MAX;
/// Bytes of the slot in front of a sub-key in the index.
const SLOT_BYTES: usize = 4;
/// Changes that are logged without an index: a state that sets few entries over and over sends each once.
const UNINDEXED_MAX: usize = 16 * 1024;

/// What a change does to its entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Set,
    Remove,
    /// Nothing any more: a later change took its place.
    Replaced,
}

struct Change {
    slot: u32,
    kind: Kind,
    /// The change of the same slot before this one; valid if indexed.
    before: u32,
}

/// What goes to the host at the end of a call.
#[derive(Default)]
pub(super) struct Flushed {
    /// Slots whose maps are cleared before anything else.
    pub(super) cleared: Vec<u32>,
    /// Entries to set.
    pub(super) puts: Addresses,
    /// Their values.
    pub(super) values: Column,
    /// Entries to remove.
    pub(super) deletes: Addresses,
}

/// Which change of an entry is the latest.
struct Index {
    is_kept: bool,
    /// Slot and sub-key of each entry.
    table: KeyTable,
    /// The latest change of each entry of the table.
    latest: Vec<u32>,
    /// The last change of each slot; [`NONE`] for most.
    last: Vec<u32>,
    scratch: Vec<u8>,
}

/// The changes of a call.
pub(super) struct Changes {
    log: Vec<Change>,
    sub_keys: Column,
    /// Values, with a place for those of removed entries.
    values: Column,
    sub_key_width: Option<usize>,
    value_width: Option<usize>,
    index: Index,
    /// Slots of cleared maps, each once, and the same as a mark per slot.
    cleared: Vec<u32>,
    is_cleared: Vec<bool>,
}

impl Changes {
    pub(super) fn new(sub_key_width: Option<usize>, value_width: Option<usize>) -> Self {
        Self {
            log: Vec::new(),
            sub_keys: Column::default(),
            values: Column::default(),
            sub_key_width,
            value_width,
            index: Index {
                is_kept: false,
                table: KeyTable::new(sub_key_width.map(|width| width + SLOT_BYTES)),
                latest: Vec::new(),
                last: Vec::new(),
                scratch: Vec::new(),
            },
            cleared: Vec::new(),
            is_cleared: Vec::new(),
        }
    }

    /// Sets an entry of a slot's map to what `write` appends.
    #[inline]
    pub(super) fn set<K: SubKey>(
        &mut self,
        slot: u32,
        sub_key: &K,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        if self.log.len() == UNINDEXED_MAX {
            self.keep_index();
        }
        write(&mut self.values.data);
        self.values.close(self.value_width);
        self.push(slot, sub_key, Kind::Set);
    }

    /// Removes an entry of a slot's map.
    pub(super) fn remove<K: SubKey>(&mut self, slot: u32, sub_key: &K) {
        self.keep_index();
        let end = self.values.data.len() + self.value_width.unwrap_or(0);
        self.values.data.resize(end, 0);
        self.values.close(self.value_width);
        self.push(slot, sub_key, Kind::Remove);
    }

    #[inline]
    fn push<K: SubKey>(&mut self, slot: u32, sub_key: &K, kind: Kind) {
        sub_key.encode_sub_key(&mut self.sub_keys.data);
        self.sub_keys.close(self.sub_key_width);
        let before = NONE;
        self.log.push(Change { slot, kind, before });
        if self.index.is_kept {
            self.add(self.log.len() - 1);
        }
    }

    /// Removes all entries of a slot's map.
    pub(super) fn clear_map(&mut self, slot: u32) {
        self.keep_index();
        for at in self.of(slot) {
            self.log[at as usize].kind = Kind::Replaced;
        }
        if let Some(last) = self.index.last.get_mut(slot as usize) {
            *last = NONE;
        }
        if self.is_cleared.len() <= slot as usize {
            self.is_cleared.resize(slot as usize + 1, false);
        }
        if !std::mem::replace(&mut self.is_cleared[slot as usize], true) {
            self.cleared.push(slot);
        }
    }

    /// Whether a slot's map was cleared: what the host has of it does not count.
    pub(super) fn is_cleared(&self, slot: u32) -> bool {
        self.is_cleared.get(slot as usize) == Some(&true)
    }

    /// Whether there is an index.
    pub(super) fn has_index(&self) -> bool {
        self.index.is_kept
    }

    /// Keeps an index from now on. To be called before any of the questions below.
    pub(super) fn keep_index(&mut self) {
        if !self.index.is_kept {
            self.index.is_kept = true;
            (0..self.log.len()).for_each(|at| self.add(at));
        }
    }

    /// Adds a change to the index; it replaces the one that its entry had.
    fn add(&mut self, at: usize) {
        let slot = self.log[at].slot as usize;
        let index = &mut self.index;
        index.scratch.clear();
        index
            .scratch
            .extend_from_slice(&(slot as u32).to_le_bytes());
        let sub_key = entry(&self.sub_keys, self.sub_key_width, at);
        index.scratch.extend_from_slice(sub_key);
        let id = index.table.intern(&index.scratch) as usize;
        match index.latest.get_mut(id) {
            Some(latest) => {
                self.log[*latest as usize].kind = Kind::Replaced;
                *latest = at as u32;
            }
            None => index.latest.push(at as u32),
        }
        if index.last.len() <= slot {
            index.last.resize(slot + 1, NONE);
        }
        self.log[at].before = std::mem::replace(&mut index.last[slot], at as u32);
    }

    /// The sub-key of a change.
    pub(super) fn sub_key(&self, at: u32) -> &[u8] {
        entry(&self.sub_keys, self.sub_key_width, at as usize)
    }

    /// The value that a change sets, if it does not remove the entry.
    pub(super) fn value(&self, at: u32) -> Option<&[u8]> {
        let change = &self.log[at as usize];
        (change.kind == Kind::Set).then(|| entry(&self.values, self.value_width, at as usize))
    }

    /// The change of an entry, if the call has changed it since it cleared the map.
    pub(super) fn find(&self, slot: u32, sub_key: &[u8]) -> Option<u32> {
        let last = self.index.last.get(slot as usize).copied();
        if last.unwrap_or(NONE) == NONE {
            return None;
        }
        let address = [&slot.to_le_bytes(), sub_key].concat();
        let id = self.index.table.find(&address)?;
        let at = self.index.latest[id as usize];
        (self.log[at as usize].kind != Kind::Replaced).then_some(at)
    }

    /// The changes of a slot that count, by ascending sub-key.
    pub(super) fn of(&self, slot: u32) -> Vec<u32> {
        let mut own = Vec::new();
        let mut at = self.index.last.get(slot as usize).copied().unwrap_or(NONE);
        while at != NONE {
            let change = &self.log[at as usize];
            if change.kind != Kind::Replaced {
                own.push(at);
            }
            at = change.before;
        }
        own.sort_unstable_by_key(|&at| self.sub_key(at));
        own
    }

    /// Whether there is no change.
    pub(super) fn is_empty(&self) -> bool {
        self.log.is_empty() && self.cleared.is_empty()
    }

    /// Hands over all changes, for the keys of `table`, and forgets them.
    pub(super) fn flush(&mut self, table: &KeyTable, flushed: &mut Flushed) {
        flushed.clear();
        for &slot in &self.cleared {
            self.is_cleared[slot as usize] = false;
        }
        std::mem::swap(&mut flushed.cleared, &mut self.cleared);
        if self.index.is_kept {
            self.flush_what_counts(table, flushed);
        } else {
            for change in &self.log {
                let key = table.key(change.slot);
                flushed.puts.keys.push(table.width(), key);
            }
            flushed.puts.count = self.log.len() as u32;
            std::mem::swap(&mut flushed.puts.sub_keys, &mut self.sub_keys);
            std::mem::swap(&mut flushed.values, &mut self.values);
        }
        self.log.clear();
        self.sub_keys.clear();
        self.values.clear();
        self.index.is_kept = false;
        self.index.table.clear();
        self.index.latest.clear();
        self.index.last.clear();
    }

    fn flush_what_counts(&self, table: &KeyTable, flushed: &mut Flushed) {
        for (at, change) in self.log.iter().enumerate() {
            let key = (table.width(), table.key(change.slot));
            let sub_key = (self.sub_key_width, self.sub_key(at as u32));
            match change.kind {
                Kind::Set => {
                    flushed.puts.push(key, sub_key);
                    let value = entry(&self.values, self.value_width, at);
                    flushed.values.push(self.value_width, value);
                }
                Kind::Remove => flushed.deletes.push(key, sub_key),
                Kind::Replaced => {}
            }
        }
    }
}

impl Flushed {
    fn clear(&mut self) {
        self.cleared.clear();
        self.puts.clear();
        self.values.clear();
        self.deletes.clear();
    }
}

/// Entry `at` of a column whose entries have the width `width`, if they have one.
#[inline]
fn entry(column: &Column, width: Option<usize>, at: usize) -> &[u8] {
    match width {
        Some(width) => &column.data[at * width..(at + 1) * width],
        None => {
            let start = at.checked_sub(1).map_or(0, |before| column.ends[before]);
            &column.data[start as usize..column.ends[at] as usize]
        }
    }
}

//! One shard of a table: an index of offsets over an arena of entries. Cloning it copies two blocks of memory.
//!
//! Invariant: the index holds exactly the offsets of the entries that are not dead. An offset that a caller remembers
//! (a hint) stays good until an operation answers [`Written::moved`]; if its entry alone has gone or moved, the dead one
//! it leads to fits no address. A shard knows nothing of snapshots; it stamps
//! each entry with the epoch of its last write and leaves tombstones as [`Deletes`] asks.

use std::sync::Arc;

use hashbrown::HashTable;

use super::arena::{Arena, FRESH, Header, LARGE, SUFFIX, TOMBSTONE};
use super::large::{INLINE_BYTES_MAX, Large, LargeSlots};
use super::rebuild::Figures;
use super::{Address, Answer, Deletes, Stamp, Written};

/// Hint: the index has no entry of this hash.
pub(crate) const NONE: u32 = u32::MAX;
/// Hint: nobody has looked.
pub(crate) const UNKNOWN: u32 = u32::MAX - 1;

/// A hash table of entries in one arena.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shard {
    pub(super) index: HashTable<u32>,
    pub(super) arena: Arena,
    pub(super) large: LargeSlots,
    pub(super) tombstones: usize,
    /// Values: those of a map count one by one.
    pub(super) live: i64,
    pub(super) max_epoch: u32,
    /// The settled epoch when tombstones were last purged.
    pub(super) purged_at: u32,
    /// What the table's figures have of this shard.
    pub(super) accounted: Figures,
}

impl Shard {
    /// Becomes a copy of another shard, in the memory it has.
    pub(crate) fn copy_from(&mut self, from: &Self) {
        self.index.clone_from(&from.index);
        self.arena.copy_from(&from.arena);
        self.large = from.large.clone();
        self.tombstones = from.tombstones;
        self.live = from.live;
        self.max_epoch = from.max_epoch;
        self.purged_at = from.purged_at;
        self.accounted = from.accounted;
    }

    /// The first entry whose hash tag fits, to be verified later; touches the index only.
    #[inline]
    pub(crate) fn candidate(&self, hash: u64) -> u32 {
        self.index.find(hash, |_| true).copied().unwrap_or(NONE)
    }

    /// The entry of an address. `hint` is what [`Shard::candidate`] gave, or `UNKNOWN`.
    #[inline]
    pub(crate) fn locate(&self, address: &Address<'_>, hint: u32) -> Option<(u32, Header)> {
        if hint == NONE {
            return None;
        }
        if hint != UNKNOWN
            && let Some(header) = self.arena.matches(hint, address)
        {
            return Some((hint, header));
        }
        self.locate_slow(address)
    }

    #[inline(never)]
    fn locate_slow(&self, address: &Address<'_>) -> Option<(u32, Header)> {
        let offset = *self.index.find(address.hash, |&offset| {
            self.arena.matches(offset, address).is_some()
        })?;
        Some((offset, self.arena.header(offset)))
    }

    /// What the shard knows about an address.
    #[inline]
    pub(crate) fn look(&self, address: &Address<'_>, hint: u32) -> Answer<'_> {
        if hint == NONE {
            return Answer::Unknown;
        }
        if hint != UNKNOWN
            && let Some((flags, value)) = self.arena.probe(hint, address)
            && flags & (TOMBSTONE | LARGE | SUFFIX) == 0
        {
            return Answer::Value(value);
        }
        self.answer(self.locate(address, UNKNOWN))
    }

    /// What the shard knows about a located entry.
    #[inline(never)]
    pub(crate) fn answer(&self, located: Option<(u32, Header)>) -> Answer<'_> {
        match located {
            None => Answer::Unknown,
            Some((offset, header)) if !header.has(TOMBSTONE | LARGE | SUFFIX) => {
                Answer::Value(self.arena.value(offset, &header))
            }
            Some((offset, header)) => self.answer_slow(offset, &header),
        }
    }

    #[inline(never)]
    fn answer_slow(&self, offset: u32, header: &Header) -> Answer<'_> {
        if header.has(TOMBSTONE) {
            return Answer::Absent;
        }
        let bytes = self.bytes(offset, header);
        if header.has(SUFFIX) {
            Answer::Suffix(bytes)
        } else {
            Answer::Value(bytes)
        }
    }

    /// The large value of an entry, if it has one.
    pub(crate) fn large(&self, offset: u32, header: &Header) -> Option<&Large> {
        if !header.has(LARGE) {
            return None;
        }
        self.large.get(self.slot(offset, header)?)
    }

    pub(super) fn slot(&self, offset: u32, header: &Header) -> Option<u32> {
        let raw = self.arena.value(offset, header).first_chunk::<4>()?;
        Some(u32::from_le_bytes(*raw))
    }

    /// The value of an entry as bytes; empty for a tree.
    pub(crate) fn bytes(&self, offset: u32, header: &Header) -> &[u8] {
        match self.large(offset, header) {
            Some(Large::Bytes(bytes)) => bytes,
            Some(Large::Tree(_)) => &[],
            None => self.arena.value(offset, header),
        }
    }

    /// Sets the value of an address.
    #[inline]
    pub(crate) fn put(
        &mut self,
        address: &Address<'_>,
        hint: u32,
        value: &[u8],
        stamp: Stamp,
    ) -> Written {
        if hint < UNKNOWN {
            let refused = TOMBSTONE | LARGE | SUFFIX;
            let epoch = stamp.epoch;
            if let Some(touched) = self.arena.overwrite(hint, address, value, refused, epoch) {
                self.max_epoch = self.max_epoch.max(epoch);
                return Written::in_place(touched);
            }
        }
        self.put_slow(address, hint, value, stamp)
    }

    #[inline(never)]
    fn put_slow(
        &mut self,
        address: &Address<'_>,
        hint: u32,
        value: &[u8],
        stamp: Stamp,
    ) -> Written {
        let located = self.locate(address, hint);
        if let Some((offset, _)) = located {
            let refused = TOMBSTONE | LARGE | SUFFIX;
            let epoch = stamp.epoch;
            if let Some(touched) = self.arena.overwrite(offset, address, value, refused, epoch) {
                self.max_epoch = self.max_epoch.max(epoch);
                return Written::in_place(touched);
            }
        }
        let touched = match located {
            Some((offset, _)) => {
                let touched = self.revive(offset, stamp);
                self.set_value(offset, value, 0);
                touched
            }
            None => {
                self.insert_value(address, value, stamp);
                true
            }
        };
        Written {
            touched,
            sized: true,
            inserted: located.is_none(),
            moved: self.rebuild_if_wasteful(stamp),
        }
    }

    /// Adds an entry with a value.
    fn insert_value(&mut self, address: &Address<'_>, value: &[u8], stamp: Stamp) {
        if value.len() > INLINE_BYTES_MAX {
            let offset = self.insert(address, 4, 0, stamp);
            self.set_value(offset, value, 0);
            return;
        }
        let len = value.len() as u32;
        let offset = self.insert(address, len, len, stamp);
        let header = self.arena.header(offset);
        super::arena::copy(self.arena.value_mut(offset, &header), value);
    }

    /// Notes the write in a header. Tells whether it is the entry's first in this epoch.
    #[inline]
    pub(super) fn stamp(&mut self, header: &mut Header, stamp: Stamp) -> bool {
        if header.epoch == stamp.epoch {
            return false;
        }
        header.epoch = stamp.epoch;
        header.flags &= !FRESH;
        self.max_epoch = self.max_epoch.max(stamp.epoch);
        true
    }

    /// Adds an entry with room for a value of `room` bytes, of which `len` are the caller's to write.
    pub(super) fn insert(
        &mut self,
        address: &Address<'_>,
        room: u32,
        len: u32,
        stamp: Stamp,
    ) -> u32 {
        let header = Header {
            hash: address.hash,
            epoch: stamp.epoch,
            flags: FRESH,
            key_len: 0,
            sub_len: 0,
            value_len: len,
            value_cap: room,
        };
        let offset = self.arena.push(address.key, address.sub_key, header);
        let arena = &self.arena;
        self.index
            .insert_unique(address.hash, offset, |&other| arena.hash(other));
        self.max_epoch = self.max_epoch.max(stamp.epoch);
        self.live += 1;
        offset
    }

    /// Stamps an entry that is about to be changed and makes a tombstone a value again. Tells whether it is the entry's
    /// first change in this epoch.
    pub(super) fn revive(&mut self, offset: u32, stamp: Stamp) -> bool {
        let mut header = self.arena.header(offset);
        let touched = self.stamp(&mut header, stamp);
        if header.has(TOMBSTONE) {
            header.flags &= !(TOMBSTONE | FRESH);
            self.tombstones -= 1;
            self.live += 1;
        }
        header.flags &= !SUFFIX;
        self.arena.set_header(offset, &header);
        touched
    }

    /// Replaces the value of an entry, wherever it lives. `slack` is room for growth.
    pub(super) fn set_value(&mut self, offset: u32, value: &[u8], slack: usize) -> u32 {
        self.drop_large(offset);
        if value.len() > INLINE_BYTES_MAX {
            let large = Large::Bytes(Arc::new(value.to_vec()));
            return self.set_large(offset, large);
        }
        let offset = self.resize(offset, value.len(), slack);
        let header = self.arena.header(offset);
        self.arena.value_mut(offset, &header).copy_from_slice(value);
        offset
    }

    /// Moves the value of an entry out of the arena.
    pub(super) fn set_large(&mut self, offset: u32, large: Large) -> u32 {
        let slot = self.large.add(large);
        let offset = self.resize(offset, 4, 0);
        let mut header = self.arena.header(offset);
        header.flags |= LARGE;
        self.arena.set_header(offset, &header);
        self.arena
            .value_mut(offset, &header)
            .copy_from_slice(&slot.to_le_bytes());
        offset
    }

    /// Frees the large value of an entry, if any; the inline value is then empty.
    pub(super) fn drop_large(&mut self, offset: u32) -> Option<Large> {
        let mut header = self.arena.header(offset);
        if !header.has(LARGE) {
            return None;
        }
        let large = self
            .slot(offset, &header)
            .and_then(|slot| self.large.take(slot));
        header.flags &= !LARGE;
        header.value_len = 0;
        self.arena.set_header(offset, &header);
        large
    }

    /// Gives the inline value another length, keeping its beginning; moves the entry if it has no room.
    pub(super) fn resize(&mut self, offset: u32, len: usize, slack: usize) -> u32 {
        let mut header = self.arena.header(offset);
        if len <= header.value_cap as usize {
            header.value_len = len as u32;
            self.arena.set_header(offset, &header);
            return offset;
        }
        let moved = self
            .arena
            .relocate(offset, len as u32, (len + slack) as u32);
        if let Some(slot) = self
            .index
            .find_mut(header.hash, |&candidate| candidate == offset)
        {
            *slot = moved;
        }
        moved
    }

    /// Removes the value of an address.
    pub(crate) fn delete(&mut self, address: &Address<'_>, hint: u32, stamp: Stamp) -> Written {
        let Some((offset, header)) = self.locate(address, hint) else {
            if stamp.deletes == Deletes::Keep {
                let offset = self.insert(address, 0, 0, stamp);
                self.bury(offset);
                return Written::SLOW;
            }
            return Written::NOTHING;
        };
        if header.has(TOMBSTONE) {
            return Written::NOTHING;
        }
        self.drop_large(offset);
        let forget = match stamp.deletes {
            Deletes::Forget => true,
            Deletes::KeepUnlessFresh => header.has(FRESH) && header.epoch == stamp.epoch,
            Deletes::Keep => false,
        };
        if forget {
            self.forget(offset, header.hash);
        } else {
            self.revive(offset, stamp);
            self.bury(offset);
        }
        Written {
            touched: true,
            sized: true,
            inserted: false,
            moved: self.rebuild_if_wasteful(stamp),
        }
    }

    /// Makes an entry a tombstone.
    pub(super) fn bury(&mut self, offset: u32) {
        let mut header = self.arena.header(offset);
        header.flags = (header.flags & !FRESH) | TOMBSTONE;
        header.value_len = 0;
        self.arena.set_header(offset, &header);
        self.tombstones += 1;
        self.live -= 1;
    }

    /// Removes an entry without a trace.
    fn forget(&mut self, offset: u32, hash: u64) {
        if let Ok(entry) = self
            .index
            .find_entry(hash, |&candidate| candidate == offset)
        {
            entry.remove();
        }
        self.arena.kill(offset);
        self.live -= 1;
    }

    /// Whether there is no entry at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The first word of the entry at `offset`.
    #[inline]
    pub(crate) fn hash_at(&self, offset: u32) -> u64 {
        self.arena.hash(offset)
    }

    /// Epoch of the last write to any entry.
    pub(crate) fn max_epoch(&self) -> u32 {
        self.max_epoch
    }

    /// All entries, tombstones included, in order of insertion.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u32, Header)> {
        self.arena.entries()
    }

    /// Key and sub-key of an entry.
    pub(crate) fn address(&self, offset: u32, header: &Header) -> (&[u8], &[u8]) {
        (
            self.arena.key(offset, header),
            self.arena.sub_key(offset, header),
        )
    }
}

#[cfg(test)]
mod tests;

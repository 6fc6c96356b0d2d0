//! Map states in a shard: one entry per key, whose value is a packed map or, beyond a kilobyte, a tree.
//!
//! Two ways of forgetting, by [`Deletes`]: on the heap an entry is the whole map of its key, so removed sub-keys leave
//! no trace in a packed map (a snapshot replaces the map) and tombstones only in a tree. In front of a database an
//! entry is only what changed since the last flush, so every removed sub-key stays as a tombstone.

use std::ops::Bound;

use super::arena::{Header, LARGE, PACKED, TOMBSTONE, copy};
use super::large::{Large, PACKED_BYTES_MAX, Tree};
use super::shard::{NONE, Shard, UNKNOWN};
use super::{Address, Answer, Deletes, Stamp, Written, packed};

/// Receives key, sub-key and value.
pub(crate) type Visit<'a> = dyn FnMut(&[u8], &[u8], &[u8]) + 'a;

impl Shard {
    /// What the shard knows about a sub-key of a map.
    #[inline]
    pub(crate) fn map_look(&self, address: &Address<'_>, hint: u32, sub_key: &[u8]) -> Answer<'_> {
        if hint == NONE {
            return Answer::Unknown;
        }
        if hint != UNKNOWN
            && let Some((flags, packed)) = self.arena.probe(hint, address)
            && flags & (TOMBSTONE | LARGE) == 0
        {
            return match packed::find(packed, sub_key) {
                Err(_) => Answer::Unknown,
                Ok(item) => item.value.map_or(Answer::Absent, Answer::Value),
            };
        }
        self.map_answer(self.locate(address, UNKNOWN), sub_key)
    }

    /// What the shard knows about a sub-key of a located map.
    #[inline(never)]
    pub(crate) fn map_answer(&self, located: Option<(u32, Header)>, sub_key: &[u8]) -> Answer<'_> {
        let Some((offset, header)) = located else {
            return Answer::Unknown;
        };
        if header.has(TOMBSTONE) {
            return Answer::Absent;
        }
        let value = match self.large(offset, &header) {
            Some(Large::Tree(tree)) => tree.cells.get(sub_key).map(|cell| cell.value.as_deref()),
            Some(Large::Bytes(_)) => None,
            None => packed::find(self.arena.value(offset, &header), sub_key)
                .ok()
                .map(|item| item.value),
        };
        match value {
            None => Answer::Unknown,
            Some(None) => Answer::Absent,
            Some(Some(value)) => Answer::Value(value),
        }
    }

    /// Visits the sub-keys of a map from `from` on, removed ones included, until `visit` answers `false`.
    pub(crate) fn map_scan(
        &self,
        offset: u32,
        header: &Header,
        from: &[u8],
        mut visit: impl FnMut(&[u8], Option<&[u8]>, Option<u32>) -> bool,
    ) {
        if header.has(TOMBSTONE) {
            return;
        }
        if let Some(Large::Tree(tree)) = self.large(offset, header) {
            let range = (Bound::Included(from), Bound::Unbounded);
            for (sub_key, cell) in tree.cells.range::<_, [u8]>(range) {
                if !visit(sub_key, cell.value.as_deref(), Some(cell.epoch)) {
                    return;
                }
            }
            return;
        }
        for item in packed::items(self.arena.value(offset, header)) {
            if item.sub_key >= from && !visit(item.sub_key, item.value, None) {
                return;
            }
        }
    }

    /// Visits every value of the shard with its key and sub-key.
    pub(crate) fn visit(&self, is_map: bool, visit: &mut Visit<'_>) {
        for (offset, header) in self.entries() {
            let (key, sub_key) = self.address(offset, &header);
            if is_map {
                self.map_scan(offset, &header, &[], |sub_key, value, _| {
                    if let Some(value) = value {
                        visit(key, sub_key, value);
                    }
                    true
                });
            } else if !header.has(TOMBSTONE) {
                visit(key, sub_key, self.bytes(offset, &header));
            }
        }
    }

    /// Sets a sub-key of a map.
    pub(crate) fn map_put(
        &mut self,
        address: &Address<'_>,
        hint: u32,
        sub_key: &[u8],
        value: &[u8],
        stamp: Stamp,
    ) -> Written {
        if hint < UNKNOWN
            && let Some(written) = self.put_item(hint, address, sub_key, value, stamp)
        {
            return written;
        }
        let located = self.locate(address, hint);
        let (offset, touched) = self.map_entry(located, address, stamp);
        self.map_set(offset, sub_key, Some(value), stamp);
        Written {
            touched,
            sized: true,
            inserted: located.is_none(),
            moved: self.rebuild_if_wasteful(stamp),
        }
    }

    /// The common cases: the sub-key is there and the new value has the length of the old one, or it is not there and
    /// there is room for it.
    #[inline]
    fn put_item(
        &mut self,
        offset: u32,
        address: &Address<'_>,
        sub_key: &[u8],
        value: &[u8],
        stamp: Stamp,
    ) -> Option<Written> {
        let (flags, packed) = self.arena.probe(offset, address)?;
        if flags & (TOMBSTONE | LARGE) != 0 {
            return None;
        }
        let found = packed::find(packed, sub_key);
        let mut header = self.arena.header(offset);
        if stamp.deletes == Deletes::Keep && header.epoch <= stamp.settled {
            return None;
        }
        match found {
            Ok(item) if item.value.is_some_and(|old| old.len() == value.len()) => {
                let end = item.end;
                let values = self.arena.value_mut(offset, &header);
                copy(&mut values[end - value.len()..end], value);
                let touched = self.stamp(&mut header, stamp);
                if touched {
                    self.arena.set_header(offset, &header);
                }
                Some(Written::in_place(touched))
            }
            Ok(_) => None,
            Err(at) => {
                let old = header.value_len as usize;
                let end = at + packed::entry_bytes(sub_key, Some(value));
                let len = old + end - at;
                if len > PACKED_BYTES_MAX.min(header.value_cap as usize) {
                    return None;
                }
                let touched = self.stamp(&mut header, stamp);
                header.value_len = len as u32;
                self.arena.set_header(offset, &header);
                let values = self.arena.value_mut(offset, &header);
                if at < old {
                    values.copy_within(at..old, end);
                }
                packed::write(&mut values[at..end], sub_key, Some(value));
                self.live += 1;
                Some(Written {
                    sized: true,
                    ..Written::in_place(touched)
                })
            }
        }
    }

    /// The entry of a key, made or emptied as needed, stamped.
    fn map_entry(
        &mut self,
        located: Option<(u32, Header)>,
        address: &Address<'_>,
        stamp: Stamp,
    ) -> (u32, bool) {
        let Some((offset, header)) = located else {
            let offset = self.insert(address, packed::room(0), 0, stamp);
            self.live -= 1;
            let mut header = self.arena.header(offset);
            header.flags |= PACKED;
            self.arena.set_header(offset, &header);
            return (offset, true);
        };
        let stale = stamp.deletes == Deletes::Keep && header.epoch <= stamp.settled;
        if stale {
            self.live -= self.map_values(offset, &header);
        }
        let touched = self.revive(offset, stamp);
        if header.has(TOMBSTONE) {
            self.live -= 1;
        }
        if stale {
            self.set_value(offset, &[], 0);
        }
        (offset, touched)
    }

    fn map_values(&self, offset: u32, header: &Header) -> i64 {
        match self.large(offset, header) {
            Some(Large::Tree(tree)) => tree.live as i64,
            Some(Large::Bytes(_)) => 0,
            None if header.has(TOMBSTONE) => 0,
            None => packed::values(self.arena.value(offset, header)),
        }
    }

    /// Sets (or with `None` marks as removed) a sub-key of the map at `offset`.
    fn map_set(&mut self, offset: u32, sub_key: &[u8], value: Option<&[u8]>, stamp: Stamp) {
        let header = self.arena.header(offset);
        if let Some(Large::Tree(_)) = self.large(offset, &header) {
            self.change_tree(offset, &header, |tree| {
                let swept = match stamp.deletes {
                    Deletes::Keep => tree.sweep_flushed(stamp.settled),
                    Deletes::Forget | Deletes::KeepUnlessFresh => 0,
                };
                swept + tree.set(sub_key, value, stamp.epoch)
            });
            return;
        }
        let blob = self.arena.value(offset, &header);
        let (start, end, had) = match packed::find(blob, sub_key) {
            Ok(item) => (item.start, item.end, item.value.is_some()),
            Err(at) => (at, at, false),
        };
        let room = packed::entry_bytes(sub_key, value);
        if blob.len() + room - (end - start) > PACKED_BYTES_MAX {
            let offset = self.grow_tree(offset, &header, stamp);
            self.map_set(offset, sub_key, value, stamp);
            return;
        }
        let offset = self.splice(offset, start, end, room);
        let header = self.arena.header(offset);
        let item = &mut self.arena.value_mut(offset, &header)[start..start + room];
        packed::write(item, sub_key, value);
        self.live += i64::from(value.is_some()) - i64::from(had);
    }

    fn change_tree(&mut self, offset: u32, header: &Header, change: impl FnOnce(&mut Tree) -> i64) {
        let Some(slot) = self.slot(offset, header) else {
            return;
        };
        let grown = self.large.change(slot, |large| match large {
            Large::Tree(tree) => change(tree),
            Large::Bytes(_) => 0,
        });
        self.live += grown.unwrap_or(0);
    }

    /// Replaces bytes `start..end` of an inline value by `room` bytes.
    fn splice(&mut self, offset: u32, start: usize, end: usize, room: usize) -> u32 {
        let before = self.arena.header(offset);
        let old = before.value_len as usize;
        let new = old - (end - start) + room;
        if new >= old {
            let offset = self.resize(offset, new, packed::room(new) as usize - new);
            let header = self.arena.header(offset);
            let value = self.arena.value_mut(offset, &header);
            value.copy_within(end..old, start + room);
            return offset;
        }
        self.arena
            .value_mut(offset, &before)
            .copy_within(end..old, start + room);
        self.resize(offset, new, 0)
    }

    /// Turns a packed map into a tree. Gives the offset of the entry, which may have moved.
    fn grow_tree(&mut self, offset: u32, header: &Header, stamp: Stamp) -> u32 {
        let mut tree = Tree::new(stamp.epoch);
        for item in packed::items(self.arena.value(offset, header)) {
            tree.set(item.sub_key, item.value, stamp.epoch);
        }
        self.set_large(offset, Large::Tree(tree))
    }

    /// Removes a sub-key of a map.
    pub(crate) fn map_delete(
        &mut self,
        address: &Address<'_>,
        hint: u32,
        sub_key: &[u8],
        stamp: Stamp,
    ) -> Written {
        if stamp.deletes == Deletes::Keep {
            let located = self.locate(address, hint);
            let (offset, touched) = self.map_entry(located, address, stamp);
            self.map_set(offset, sub_key, None, stamp);
            self.rebuild_if_wasteful(stamp);
            return Written {
                touched,
                ..Written::SLOW
            };
        }
        let located = self.locate(address, hint);
        let Answer::Value(_) = self.map_answer(located, sub_key) else {
            return Written::NOTHING;
        };
        let Some((offset, header)) = located else {
            return Written::NOTHING;
        };
        if self.map_values(offset, &header) == 1 {
            return self.map_clear(address, hint, stamp);
        }
        let touched = self.revive(offset, stamp);
        if let Some(Large::Tree(_)) = self.large(offset, &header) {
            self.change_tree(offset, &header, |tree| match stamp.deletes {
                Deletes::Forget => tree.remove(sub_key),
                Deletes::Keep | Deletes::KeepUnlessFresh => {
                    tree.sweep_tombstones(stamp.settled);
                    tree.set(sub_key, None, stamp.epoch)
                }
            });
        } else if let Ok(item) = packed::find(self.arena.value(offset, &header), sub_key) {
            let (start, end) = (item.start, item.end);
            self.splice(offset, start, end, 0);
            self.live -= 1;
        }
        Written {
            touched,
            sized: true,
            inserted: false,
            moved: false,
        }
    }

    /// Removes a map as a whole. Only where an entry is the whole map, that is on the heap.
    pub(crate) fn map_clear(&mut self, address: &Address<'_>, hint: u32, stamp: Stamp) -> Written {
        let Some((offset, header)) = self.locate(address, hint) else {
            return Written::NOTHING;
        };
        if header.has(TOMBSTONE) {
            return Written::NOTHING;
        }
        // `delete` takes one value off; the map had this many.
        self.live -= self.map_values(offset, &header) - 1;
        self.delete(address, hint, stamp)
    }

    /// Replaces the map of a key by a packed map from a snapshot.
    pub(crate) fn map_replace(&mut self, address: &Address<'_>, blob: &[u8], stamp: Stamp) {
        self.map_clear(address, UNKNOWN, stamp);
        if blob.is_empty() {
            return;
        }
        let located = self.locate(address, UNKNOWN);
        let (offset, _) = self.map_entry(located, address, stamp);
        self.set_value(offset, blob, 0);
        self.live += packed::values(blob);
    }
}

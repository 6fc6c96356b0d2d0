//! Keyed state of one declared state in memory: key groups of copy-on-write shards.
//!
//! The heap backend keeps its state in tables; the RocksDB backend keeps its hot and its unflushed entries in them.
//! Reading order: [`arena`] (entries), [`large`] and [`packed`] (values that are not plain), [`shard`], [`list`]
//! and [`map`] (operations on one address), [`rebuild`], [`group`] and [`spare`] (sharing with snapshots), [`bulk`] (whole calls).

pub(crate) mod arena;
pub(crate) mod bulk;
pub(crate) mod group;
pub(crate) mod large;
mod list;
mod map;
pub(crate) mod packed;
mod rebuild;
pub(crate) mod shard;
mod spare;

use dataflow::key_group::{KeyGroupRange, key_group_of_hash, key_hash};
use dataflow::port::state::StateError;
use xxhash_rust::xxh3::xxh3_64;

use group::{Frozen, Group};
use rebuild::Figures;
use shard::Shard;
use spare::Spare;

/// What an entry takes besides key and value, about.
const ENTRY_BYTES: usize = 40;

/// Where an entry is looked up: its hash and the bytes it is checked against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address<'a> {
    /// Mixed hash of key and sub-key.
    pub(crate) hash: u64,
    /// The key.
    pub(crate) key: &'a [u8],
    /// The sub-key; empty in a map, whose sub-keys are in the value.
    pub(crate) sub_key: &'a [u8],
}

/// What a table knows about an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    /// Nothing: on the heap there is no value, in front of a database one has to look there.
    Unknown,
    /// That it has no value.
    Absent,
    /// Its value.
    Value(&'a [u8]),
    /// What has to be appended to the value in the database.
    Suffix(&'a [u8]),
}

/// What a delete leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletes {
    /// Nothing: no snapshot has seen any entry.
    Forget,
    /// A tombstone, unless no snapshot has seen the entry.
    KeepUnlessFresh,
    /// A tombstone always: the database may have the entry.
    Keep,
}

/// What a write notes in an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// The current epoch; grows with every snapshot.
    pub(crate) epoch: u32,
    /// Changes up to this epoch are safe elsewhere: in a completed checkpoint or in the database.
    pub(crate) settled: u32,
    /// What a delete leaves behind.
    pub(crate) deletes: Deletes,
}

/// What a write did to its shard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    /// It was the entry's first write in this epoch.
    pub(crate) touched: bool,
    /// The figures of the shard have changed.
    pub(crate) sized: bool,
    /// The address was new: what was said not to be there may be there now.
    pub(crate) inserted: bool,
    /// Entries that nobody wrote to have other offsets.
    pub(crate) moved: bool,
}

impl Written {
    /// Nothing was there to change.
    pub(crate) const NOTHING: Self = Self::in_place(false);
    /// Anything may have changed.
    pub(crate) const SLOW: Self = Self {
        touched: true,
        sized: true,
        inserted: true,
        moved: true,
    };

    /// The value was changed where it is, without growing or shrinking.
    #[inline]
    pub(crate) const fn in_place(touched: bool) -> Self {
        Self {
            touched,
            sized: false,
            inserted: false,
            moved: false,
        }
    }
}

/// An address with its key group.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    /// Mixed hash of the address.
    pub(crate) hash: u64,
    /// Index of the key group within the table's range.
    pub(crate) group: u32,
}

/// The entries of one state in the key groups of one task.
#[derive(Debug)]
pub(crate) struct Table {
    groups: Vec<Group>,
    key_groups: KeyGroupRange,
    max_parallelism: u32,
    figures: Figures,
    /// Bytes of entries first written in the current epoch, about.
    pub(crate) touched_bytes: u64,
    /// Groups that still carry the page of an earlier snapshot.
    layered: Vec<u32>,
    /// Shards that were replaced while a snapshot shared them.
    spare: Spare,
    /// Where the eviction of clean entries goes on.
    clock_hand: (usize, usize),
}

impl Table {
    /// An empty table for a range of key groups.
    pub(crate) fn new(key_groups: KeyGroupRange, max_parallelism: u32) -> Self {
        Self {
            groups: (0..key_groups.len()).map(|_| Group::Empty).collect(),
            key_groups,
            max_parallelism,
            figures: Figures::default(),
            touched_bytes: 0,
            layered: Vec::new(),
            spare: Spare::default(),
            clock_hand: (0, 0),
        }
    }

    /// Where an address belongs.
    ///
    /// # Errors
    /// If its key group is not in the table's range.
    #[inline]
    pub(crate) fn place(&self, key: &[u8], sub_key: &[u8]) -> Result<Place, StateError> {
        let place = self.place_unchecked(key, sub_key);
        if self.owns(place) {
            return Ok(place);
        }
        Err(self.foreign(key))
    }

    /// Where an address belongs; if [`Table::owns`] denies it, nowhere in this table. An error type as result would go
    /// through memory for every key.
    #[inline]
    fn place_unchecked(&self, key: &[u8], sub_key: &[u8]) -> Place {
        let key_hash = key_hash(key);
        let key_group = key_group_of_hash(key_hash, self.max_parallelism);
        let mut mixed = key_hash;
        if !sub_key.is_empty() {
            mixed ^= xxh3_64(sub_key).rotate_left(32);
        }
        Place {
            hash: mix(mixed),
            group: key_group.wrapping_sub(self.key_groups.start),
        }
    }

    #[inline]
    fn owns(&self, place: Place) -> bool {
        (place.group as usize) < self.groups.len()
    }

    #[cold]
    fn foreign(&self, key: &[u8]) -> StateError {
        StateError::ForeignKey {
            key_group: key_group_of_hash(key_hash(key), self.max_parallelism),
            start: self.key_groups.start,
            end: self.key_groups.end,
        }
    }

    /// The key groups of the table.
    pub(crate) fn key_groups(&self) -> KeyGroupRange {
        self.key_groups
    }

    /// The shard of a place, if it has any entry.
    #[inline]
    pub(crate) fn shard(&self, place: Place) -> Option<&Shard> {
        self.groups[place.group as usize].shard(place.hash)
    }

    /// Runs one write on the shard of a place and keeps the figures.
    #[inline]
    pub(crate) fn write(
        &mut self,
        place: Place,
        entry_bytes: usize,
        op: impl FnOnce(&mut Shard) -> Written,
    ) -> Written {
        let group = &mut self.groups[place.group as usize];
        let was_shared = matches!(group, Group::Shared(_));
        let shard = group.shard_mut(place.hash, &mut self.spare);
        if was_shared {
            self.layered.push(place.group);
        }
        let mut written = op(shard);
        if written.touched {
            self.touched_bytes += (entry_bytes + ENTRY_BYTES) as u64;
        }
        if written.sized {
            let change = shard.account();
            self.figures.add(change);
            if group.grow(change.entries) {
                self.figures.add(group.split());
                written.moved = true;
            }
        }
        written
    }

    /// Freezes the table as it is: the view shares every page with the table until one of them changes.
    pub(crate) fn freeze(&mut self) -> Frozen {
        self.touched_bytes = 0;
        self.spare.end_epoch();
        let groups = self.groups.iter_mut().map(Group::freeze).collect();
        Frozen::new(groups, self.key_groups.start)
    }

    /// A little housekeeping, to be called once a call: folds one page back after its snapshot is gone, frees spare
    /// memory.
    pub(crate) fn tidy(&mut self) {
        if let Some(group) = self.layered.pop()
            && !self.groups[group as usize].fold(&mut self.spare)
        {
            // Still shared with a snapshot: look again later, the others first.
            let last = self.layered.len();
            self.layered.push(group);
            self.layered.swap(0, last);
        }
        self.spare.tidy();
    }

    /// Values held.
    pub(crate) fn live(&self) -> u64 {
        self.figures.live.max(0) as u64
    }

    /// Bytes allocated, about.
    pub(crate) fn allocated(&self) -> u64 {
        (self.figures.bytes + self.spare.bytes()).max(0) as u64
    }

    /// Drops entries that are safe elsewhere, shard after shard from where the last call ended, until at most
    /// `target_bytes` are left or every shard was looked at.
    pub(crate) fn evict(&mut self, settled: u32, target_bytes: u64) {
        self.spare.clear();
        let mut left: usize = self.groups.iter().map(Group::slots).sum();
        while self.allocated() > target_bytes && left > 0 {
            let (group, slot) = self.clock_hand;
            let Some(place) = self.groups.get_mut(group) else {
                self.clock_hand = (0, 0);
                continue;
            };
            if slot >= place.slots() {
                self.clock_hand = (group + 1, 0);
                continue;
            }
            if matches!(place, Group::Shared(_)) {
                self.layered.push(group as u32);
            }
            let change = place.evict(slot, |header| header.epoch > settled);
            self.figures.add(change);
            self.clock_hand = (group, slot + 1);
            left -= 1;
        }
    }

    /// Every shard with its key group.
    pub(crate) fn by_key_group(&self) -> impl Iterator<Item = (u32, &Shard)> {
        self.groups
            .iter()
            .zip(self.key_groups.start..)
            .flat_map(|(group, key_group)| group.shards().map(move |shard| (key_group, shard)))
    }

    /// Visits every shard.
    pub(crate) fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.groups.iter().flat_map(Group::shards)
    }
}

/// Spreads the bits of a hash: within a key group the upper bits of the key hash are all alike.
#[inline]
fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests;

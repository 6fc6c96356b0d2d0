//! Dense copies of shards, for getting rid of waste, for splitting and for eviction; and the figures that follow.

use super::arena::{Header, PACKED, TOMBSTONE};
use super::large::Large;
use super::shard::Shard;
use super::{Stamp, packed};

/// Dead bytes below which a shard is not worth rebuilding.
const DEAD_BYTES_MIN: usize = 1024;
/// Tombstones below which a shard is not worth rebuilding.
const TOMBSTONES_MIN: usize = 16;

/// Sizes of a shard, or differences of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Values held.
    pub(crate) live: i64,
    /// Bytes allocated, about.
    pub(crate) bytes: i64,
    /// Entries in the index, tombstones included.
    pub(crate) entries: i64,
}

impl Figures {
    /// `self` less `other`.
    pub(crate) fn less(self, other: Self) -> Self {
        Self {
            live: self.live - other.live,
            bytes: self.bytes - other.bytes,
            entries: self.entries - other.entries,
        }
    }

    /// Adds `other`.
    pub(crate) fn add(&mut self, other: Self) {
        self.live += other.live;
        self.bytes += other.bytes;
        self.entries += other.entries;
    }
}

impl Shard {
    /// Rebuilds the shard when dead entries and purgeable tombstones are a large part of it. Tells whether it did.
    #[inline]
    pub(super) fn rebuild_if_wasteful(&mut self, stamp: Stamp) -> bool {
        let dead = self.arena.dead_bytes();
        let wasteful = dead > DEAD_BYTES_MIN && dead * 2 > self.arena.len();
        let purgeable = self.tombstones > TOMBSTONES_MIN
            && self.tombstones * 4 > self.index.len()
            && self.purged_at < stamp.settled;
        if wasteful || purgeable {
            let settled = stamp.settled;
            self.compact(|header| !(header.has(TOMBSTONE) && header.epoch <= settled));
            self.purged_at = settled;
        }
        wasteful || purgeable
    }

    /// Moves the entries together in the memory the shard has: what was wasted will be needed again. Entries that `keep`
    /// does not want must be tombstones.
    fn compact(&mut self, keep: impl Fn(&Header) -> bool) {
        self.index.clear();
        let (index, mut tombstones) = (&mut self.index, 0);
        self.arena.compact(keep, |offset, header, arena| {
            tombstones += usize::from(header.has(TOMBSTONE));
            index.insert_unique(header.hash, offset, |&other| arena.hash(other));
        });
        self.tombstones = tombstones;
    }

    /// A dense copy of the entries that `keep` wants.
    pub(crate) fn rebuild(&self, keep: impl Fn(&Header) -> bool) -> Self {
        let mut shard = Self {
            max_epoch: self.max_epoch,
            purged_at: self.purged_at,
            accounted: self.accounted,
            ..Self::default()
        };
        let kept = self
            .arena
            .entries()
            .filter(|(_, header)| keep(header))
            .fold((0, 0), |(count, bytes), (_, header)| {
                (count + 1, bytes + header.size())
            });
        shard.arena.reserve(kept.1 + kept.1 / 4);
        shard.index.reserve(kept.0, |_| 0);
        for (offset, header) in self.arena.entries().filter(|(_, header)| keep(header)) {
            shard.adopt(self, offset, header);
        }
        shard
    }

    /// Copies one entry of another shard.
    fn adopt(&mut self, from: &Self, offset: u32, mut header: Header) {
        let value = from.arena.value(offset, &header);
        header.value_cap = if header.has(TOMBSTONE) {
            0
        } else {
            header.value_cap.min(header.value_len * 2)
        };
        let (key, sub_key) = (
            from.arena.key(offset, &header),
            from.arena.sub_key(offset, &header),
        );
        let to = self.arena.push(key, sub_key, header);
        self.arena.value_mut(to, &header).copy_from_slice(value);
        let mut values = 1;
        if let Some(large) = from.large(offset, &header) {
            if let Large::Tree(tree) = large {
                values = tree.live as i64;
            }
            let slot = self.large.add(large.clone());
            self.arena
                .value_mut(to, &header)
                .copy_from_slice(&slot.to_le_bytes());
        } else if header.has(PACKED) {
            values = packed::values(value);
        }
        if header.has(TOMBSTONE) {
            self.tombstones += 1;
        } else {
            self.live += values;
        }
        let arena = &self.arena;
        self.index
            .insert_unique(header.hash, to, |&other| arena.hash(other));
    }

    /// What changed since the figures were last taken.
    pub(crate) fn account(&mut self) -> Figures {
        let now = Figures {
            live: self.live,
            bytes: (self.arena.allocated()
                + self.large.allocated()
                + self.index.allocation_size()
                + size_of::<Self>()) as i64,
            entries: self.index.len() as i64,
        };
        let change = now.less(self.accounted);
        self.accounted = now;
        change
    }

    /// The figures when they were last taken.
    pub(crate) fn accounted(&self) -> Figures {
        self.accounted
    }
}

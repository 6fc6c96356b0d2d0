//! From keys to small numbers, their slots, given out in order: one table for `long` keys, one for texts.
//!
//! The keys that are new in a batch are the last slots, so that "what must be loaded" is a range. Keys are forgotten all
//! at once. Not safe against keys made to collide: a benchmark makes none.

use dataflow::element::Column;
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::row::{Slot, column_of_keys};

#[cfg(test)]
mod tests;

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Hash of a `long` key: the good upper bits of a product brought down.
#[inline]
pub(crate) fn hash_long(key: Slot) -> u64 {
    let product = u64::from_le_bytes(key).wrapping_mul(MULTIPLIER);
    product ^ product >> 32
}

/// Slots of `long` keys.
#[derive(Default)]
pub(crate) struct LongKeys {
    index: HashTable<(Slot, u32)>,
    keys: Vec<Slot>,
}

impl LongKeys {
    /// The slot of a key; a new one if the key is new.
    #[inline]
    pub(crate) fn intern(&mut self, key: Slot) -> u32 {
        let hash = hash_long(key);
        match self.index.find(hash, |(known, _)| *known == key) {
            Some((_, slot)) => *slot,
            None => self.add(hash, key),
        }
    }

    #[cold]
    fn add(&mut self, hash: u64, key: Slot) -> u32 {
        let slot = self.keys.len() as u32;
        self.keys.push(key);
        self.index
            .insert_unique(hash, (key, slot), |(known, _)| hash_long(*known));
        slot
    }

    /// How many slots there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The key of a slot.
    #[inline]
    pub(crate) fn key(&self, slot: u32) -> Slot {
        self.keys[slot as usize]
    }

    /// The keys of these slots as a column.
    pub(crate) fn column(&self, slots: impl Iterator<Item = u32>) -> Column {
        column_of_keys(slots.map(|slot| self.key(slot)).collect())
    }

    /// The keys of the slots from `first` on as a column.
    pub(crate) fn column_from(&self, first: usize) -> Column {
        column_of_keys(self.keys[first..].to_vec())
    }

    /// Forgets all keys, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.index.clear();
        self.keys.clear();
    }
}

/// Slots of text keys.
#[derive(Default)]
pub(crate) struct TextKeys {
    index: HashTable<(u64, u32)>,
    /// The keys, one after the other.
    arena: Column,
}

impl TextKeys {
    /// The slot of a key; a new one if the key is new.
    #[inline]
    pub(crate) fn intern(&mut self, key: &[u8]) -> u32 {
        let hash = xxh3_64(key);
        let arena = &self.arena;
        let found = self.index.find(hash, |(known, slot)| {
            *known == hash && arena.get(*slot as usize, arena.ends.len()) == key
        });
        match found {
            Some((_, slot)) => *slot,
            None => self.add(hash, key),
        }
    }

    #[cold]
    fn add(&mut self, hash: u64, key: &[u8]) -> u32 {
        let slot = self.len() as u32;
        self.arena.data.extend_from_slice(key);
        self.arena.ends.push(self.arena.data.len() as u32);
        self.index
            .insert_unique(hash, (hash, slot), |(known, _)| *known);
        slot
    }

    /// How many slots there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.arena.ends.len()
    }

    /// The key of a slot.
    #[inline]
    pub(crate) fn key(&self, slot: u32) -> &[u8] {
        self.arena.get(slot as usize, self.len())
    }

    /// The keys of these slots as a column.
    pub(crate) fn column(&self, slots: impl Iterator<Item = u32>) -> Column {
        let mut column = Column::default();
        for slot in slots {
            column.data.extend_from_slice(self.key(slot));
            column.ends.push(column.data.len() as u32);
        }
        column
    }

    /// Forgets all keys, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.index.clear();
        self.arena.clear();
    }
}

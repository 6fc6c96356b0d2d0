//! The key table: from a key's bytes to a small number, its slot, by open addressing.
//!
//! Slots are given out in order and never given back one by one: the table is dropped as a whole when it is full. So
//! the keys that are new in a batch are the last slots, and their bytes lie together in the arena, ready to be sent as
//! a column. Keys of eight bytes, the usual ones, lie in the buckets as well and are compared as one number. It is not
//! safe against keys made to collide: a job can only slow down itself.

use crate::column::{Column, copy_into};

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
const BUCKETS_MIN: usize = 64;

/// One bucket. `tag` is the key itself if all keys are words, else its hash.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    tag: u64,
    /// Slot plus one; 0 if the bucket is empty.
    slot: u32,
}

/// Keys and their slots.
#[derive(Debug)]
pub(crate) struct KeyTable {
    buckets: Vec<Bucket>,
    /// 64 minus the binary logarithm of the number of buckets.
    shift: u32,
    /// End of each slot's key in the arena, unless all keys have `width`.
    ends: Vec<u32>,
    arena: Vec<u8>,
    count: u32,
    width: Option<usize>,
}

impl KeyTable {
    /// An empty table of keys of a type with this width, if it has one.
    pub(crate) fn new(width: Option<usize>) -> Self {
        Self {
            buckets: vec![Bucket::default(); BUCKETS_MIN],
            shift: 64 - BUCKETS_MIN.ilog2(),
            ends: Vec::new(),
            arena: Vec::new(),
            count: 0,
            width,
        }
    }

    /// How many slots there are.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.count
    }

    /// The width of the keys, if they have one.
    #[inline]
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }

    /// The key of a slot.
    #[inline]
    pub(crate) fn key(&self, slot: u32) -> &[u8] {
        let slot = slot as usize;
        match self.width {
            Some(width) => &self.arena[slot * width..(slot + 1) * width],
            None => {
                let start = if slot == 0 { 0 } else { self.ends[slot - 1] };
                &self.arena[start as usize..self.ends[slot] as usize]
            }
        }
    }

    /// Writes the keys of the slots from `first` on as a column.
    pub(crate) fn column_from(&self, first: u32, column: &mut Column) {
        let first = first as usize;
        match self.width {
            Some(width) => column.data.extend_from_slice(&self.arena[first * width..]),
            None => {
                let start = if first == 0 { 0 } else { self.ends[first - 1] };
                column.data.extend_from_slice(&self.arena[start as usize..]);
                column
                    .ends
                    .extend(self.ends[first..].iter().map(|end| end - start));
            }
        }
    }

    /// Gives the slots of all keys of a column, new ones to new keys.
    pub(crate) fn intern_all(&mut self, keys: &Column, count: usize, slots: &mut Vec<u32>) {
        slots.clear();
        if self.width == Some(8) && keys.ends.is_empty() && keys.data.len() == 8 * count {
            let (words, _) = keys.data.as_chunks::<8>();
            slots.extend(
                words
                    .iter()
                    .map(|word| self.intern_word(u64::from_le_bytes(*word))),
            );
        } else {
            slots.extend(keys.entries(count).map(|key| self.intern(key)));
        }
    }

    /// The slot of a key; a new one if the key is new.
    pub(crate) fn intern(&mut self, key: &[u8]) -> u32 {
        match <[u8; 8]>::try_from(key) {
            Ok(word) if self.width == Some(8) => self.intern_word(u64::from_le_bytes(word)),
            _ => match self.probe(hash_bytes(key), key) {
                Ok(slot) => slot,
                Err(at) => self.insert(at, hash_bytes(key), key),
            },
        }
    }

    /// The first bucket to look at: Fibonacci hashing, which keeps numbers in a row apart.
    #[inline]
    fn bucket_of(&self, tag: u64) -> usize {
        (tag.wrapping_mul(MULTIPLIER) >> self.shift) as usize
    }

    #[inline]
    fn intern_word(&mut self, word: u64) -> u32 {
        let mask = self.buckets.len() - 1;
        let mut at = self.bucket_of(word);
        loop {
            let bucket = self.buckets[at];
            if bucket.slot == 0 {
                return self.insert(at, word, &word.to_le_bytes());
            }
            if bucket.tag == word {
                return bucket.slot - 1;
            }
            at = (at + 1) & mask;
        }
    }

    /// The slot of a key, if it has one.
    pub(crate) fn find(&self, key: &[u8]) -> Option<u32> {
        let tag = match <[u8; 8]>::try_from(key) {
            Ok(word) if self.width == Some(8) => u64::from_le_bytes(word),
            _ => hash_bytes(key),
        };
        self.probe(tag, key).ok()
    }

    /// The slot of a key with this tag, or the bucket where it belongs.
    #[inline]
    fn probe(&self, tag: u64, key: &[u8]) -> Result<u32, usize> {
        let mask = self.buckets.len() - 1;
        let mut at = self.bucket_of(tag);
        loop {
            let bucket = self.buckets[at];
            if bucket.slot == 0 {
                return Err(at);
            }
            let slot = bucket.slot - 1;
            if bucket.tag == tag && same(self.key(slot), key) {
                return Ok(slot);
            }
            at = (at + 1) & mask;
        }
    }

    #[inline(never)]
    fn insert(&mut self, at: usize, tag: u64, key: &[u8]) -> u32 {
        let slot = self.count;
        self.count += 1;
        self.buckets[at] = Bucket {
            tag,
            slot: self.count,
        };
        copy_into(&mut self.arena, key);
        if self.width.is_none() {
            self.ends.push(self.arena.len() as u32);
        }
        if self.count as usize * 3 > self.buckets.len() {
            self.grow();
        }
        slot
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.buckets);
        self.buckets = vec![Bucket::default(); 2 * old.len()];
        self.shift -= 1;
        let mask = self.buckets.len() - 1;
        for bucket in old.into_iter().filter(|bucket| bucket.slot != 0) {
            let mut at = self.bucket_of(bucket.tag);
            while self.buckets[at].slot != 0 {
                at = (at + 1) & mask;
            }
            self.buckets[at] = bucket;
        }
    }

    /// Forgets all keys, keeps the memory.
    pub(crate) fn clear(&mut self) {
        if self.count > 0 {
            self.buckets.fill(Bucket::default());
        }
        self.ends.clear();
        self.arena.clear();
        self.count = 0;
    }
}

/// Hashes eight bytes at a time by rotate, xor and multiply, as the hash of the Rust compiler does.
#[inline]
fn hash_bytes(key: &[u8]) -> u64 {
    let (words, rest) = key.as_chunks::<8>();
    let mut hash = key.len() as u64;
    for word in words {
        hash = (hash.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(MULTIPLIER);
    }
    let tail = rest
        .iter()
        .fold(0, |tail, byte| tail << 8 | u64::from(*byte));
    (hash.rotate_left(5) ^ tail).wrapping_mul(MULTIPLIER)
}

/// Compares eight bytes at a time: keys are short, and a call to compare them would cost more.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let ((a_words, a_rest), (b_words, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    a_words
        .iter()
        .zip(b_words)
        .all(|(x, y)| u64::from_le_bytes(*x) == u64::from_le_bytes(*y))
        && a_rest.iter().zip(b_rest).all(|(x, y)| x == y)
}

#[cfg(test)]
mod tests;

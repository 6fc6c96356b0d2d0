//! The key table: from a key's bytes to a small number, its slot, by open addressing.
//!
//! Slots are given out in order and never given back one by one: the table is dropped as a whole when it is full. So
//! the keys that are new in a batch are the last slots, and their bytes lie together in the arena, ready to be sent as
//! a column. Keys of eight bytes, the usual ones, are compared and hashed as one number. It is not safe against keys
//! made to collide: a job can only slow down itself.

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
const BUCKETS_MIN: usize = 64;

/// Keys and their slots.
#[derive(Debug)]
pub(crate) struct KeyTable {
    /// Slot plus one in the lower half, hash in the upper half; 0 is an empty bucket.
    buckets: Vec<u64>,
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
            buckets: vec![0; BUCKETS_MIN],
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
    pub(crate) fn column_from(&self, first: u32, column: &mut crate::column::Column) {
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

    /// The slot of a key; a new one if the key is new.
    #[inline]
    pub(crate) fn intern(&mut self, key: &[u8]) -> u32 {
        match <[u8; 8]>::try_from(key) {
            Ok(word) if self.width == Some(8) => self.intern_word(u64::from_le_bytes(word)),
            _ => self.intern_bytes(key),
        }
    }

    #[inline]
    fn intern_word(&mut self, word: u64) -> u32 {
        let hash = fold(word.wrapping_mul(MULTIPLIER));
        let mask = self.buckets.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let bucket = self.buckets[at];
            if bucket == 0 {
                return self.insert(at, hash, &word.to_le_bytes());
            }
            let slot = bucket as u32 - 1;
            if (bucket >> 32) as u32 == hash && self.word(slot) == word {
                return slot;
            }
            at = (at + 1) & mask;
        }
    }

    /// The key of a slot of a table of eight-byte keys.
    #[inline]
    fn word(&self, slot: u32) -> u64 {
        let start = 8 * slot as usize;
        let mut word = [0; 8];
        word.copy_from_slice(&self.arena[start..start + 8]);
        u64::from_le_bytes(word)
    }

    fn intern_bytes(&mut self, key: &[u8]) -> u32 {
        let hash = hash_bytes(key);
        let mask = self.buckets.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let bucket = self.buckets[at];
            if bucket == 0 {
                return self.insert(at, hash, key);
            }
            let slot = bucket as u32 - 1;
            if (bucket >> 32) as u32 == hash && same(self.key(slot), key) {
                return slot;
            }
            at = (at + 1) & mask;
        }
    }

    /// The slot of a key, if it has one.
    pub(crate) fn find(&self, key: &[u8]) -> Option<u32> {
        let hash = match <[u8; 8]>::try_from(key) {
            Ok(word) if self.width == Some(8) => {
                fold(u64::from_le_bytes(word).wrapping_mul(MULTIPLIER))
            }
            _ => hash_bytes(key),
        };
        let mask = self.buckets.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let bucket = self.buckets[at];
            let slot = (bucket as u32).checked_sub(1)?;
            if (bucket >> 32) as u32 == hash && same(self.key(slot), key) {
                return Some(slot);
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    fn insert(&mut self, at: usize, hash: u32, key: &[u8]) -> u32 {
        let slot = self.count;
        self.buckets[at] = u64::from(hash) << 32 | u64::from(slot + 1);
        crate::column::copy_into(&mut self.arena, key);
        if self.width.is_none() {
            self.ends.push(self.arena.len() as u32);
        }
        self.count += 1;
        if self.count as usize * 2 > self.buckets.len() {
            self.grow();
        }
        slot
    }

    #[cold]
    fn grow(&mut self) {
        let old = std::mem::take(&mut self.buckets);
        self.buckets = vec![0; 2 * old.len()];
        let mask = self.buckets.len() - 1;
        for bucket in old.into_iter().filter(|bucket| *bucket != 0) {
            let mut at = (bucket >> 32) as usize & mask;
            while self.buckets[at] != 0 {
                at = (at + 1) & mask;
            }
            self.buckets[at] = bucket;
        }
    }

    /// Forgets all keys, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.buckets.fill(0);
        self.ends.clear();
        self.arena.clear();
        self.count = 0;
    }
}

/// Brings the good upper bits of a product down.
#[inline]
fn fold(product: u64) -> u32 {
    (product ^ (product >> 32)) as u32
}

/// Hashes eight bytes at a time by rotate, xor and multiply, as the hash of the Rust compiler does.
#[inline]
fn hash_bytes(key: &[u8]) -> u32 {
    let (words, rest) = key.as_chunks::<8>();
    let mut hash = key.len() as u64;
    for word in words {
        hash = (hash.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(MULTIPLIER);
    }
    let tail = rest
        .iter()
        .fold(0, |tail, byte| tail << 8 | u64::from(*byte));
    hash = (hash.rotate_left(5) ^ tail).wrapping_mul(MULTIPLIER);
    fold(hash ^ hash >> 29)
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

//! Blocks of timers: their bytes and what is known of each, appended until the block is full and never changed after.
//!
//! So a full block is shared with a snapshot by a reference count, and only the one being filled is copied. Which timers
//! of a block are still alive is noted outside of it.

use std::sync::Arc;

/// Timers of one block, at most; few in tests, so that they have many blocks.
pub(super) const BLOCK_TIMERS: usize = if cfg!(test) { 64 } else { 4096 };

/// Bytes of keys and namespaces after which a block is full.
const BLOCK_BYTES: usize = 256 * 1024;

/// One timer of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) time: i64,
    pub(super) hash: u64,
    /// The epoch in which it was added, see `TimerQueue::freeze`.
    pub(super) epoch: u32,
    start: u32,
    key_len: u32,
    end: u32,
}

/// Timers in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

impl Block {
    /// Whether no further timer should be added.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= BLOCK_TIMERS || self.bytes.len() >= BLOCK_BYTES
    }

    /// How many timers there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds a timer and gives its index.
    #[inline]
    pub(super) fn push(
        &mut self,
        (time, key, namespace): (i64, &[u8], &[u8]),
        hash: u64,
        epoch: u32,
    ) -> usize {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(namespace);
        self.entries.push(Entry {
            time,
            hash,
            epoch,
            start,
            key_len: key.len() as u32,
            end: self.bytes.len() as u32,
        });
        self.entries.len() - 1
    }

    /// What is known of a timer besides its bytes.
    #[inline]
    pub(super) fn entry(&self, index: usize) -> &Entry {
        &self.entries[index]
    }

    /// Key and namespace of a timer.
    #[inline]
    pub(super) fn bytes(&self, index: usize) -> (&[u8], &[u8]) {
        let entry = &self.entries[index];
        self.bytes[entry.start as usize..entry.end as usize].split_at(entry.key_len as usize)
    }

    /// The epoch of the timer that was added last.
    pub(super) fn last_epoch(&self) -> u32 {
        self.entries.last().map_or(0, |entry| entry.epoch)
    }

    /// Forgets all timers, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }
}

/// Which timers of a block are alive.
#[derive(Clone, Debug)]
pub(super) struct Alive(Box<[u64; BLOCK_TIMERS / 64]>);

impl Default for Alive {
    fn default() -> Self {
        Self(Box::new([0; BLOCK_TIMERS / 64]))
    }
}

impl Alive {
    #[inline]
    pub(super) fn set(&mut self, index: usize) {
        self.0[index / 64] |= 1 << (index % 64);
    }

    #[inline]
    pub(super) fn clear(&mut self, index: usize) {
        self.0[index / 64] &= !(1 << (index % 64));
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> bool {
        self.0[index / 64] & (1 << (index % 64)) != 0
    }
}

/// A block and which of its timers are alive. The one being filled is elsewhere.
#[derive(Debug, Default)]
struct Slot {
    block: Arc<Block>,
    alive: Alive,
    live: usize,
}

/// The blocks of all live timers.
#[derive(Debug)]
pub(super) struct Blocks {
    slots: Vec<Slot>,
    free: Vec<u32>,
    pub(super) open: Block,
    open_slot: u32,
}

impl Default for Blocks {
    fn default() -> Self {
        Self {
            slots: vec![Slot::default()],
            free: Vec::new(),
            open: Block::default(),
            open_slot: 0,
        }
    }
}

/// Splits what a bucket has of a timer into number of the block and index in it.
#[inline]
pub(super) fn split(timer: u32) -> (usize, usize) {
    (timer as usize / BLOCK_TIMERS, timer as usize % BLOCK_TIMERS)
}

impl Blocks {
    /// The block in a slot.
    #[inline]
    pub(super) fn block(&self, slot: usize) -> &Block {
        if slot == self.open_slot as usize {
            &self.open
        } else {
            &self.slots[slot].block
        }
    }

    /// The hash of a timer.
    #[inline]
    pub(super) fn hash(&self, timer: u32) -> u64 {
        let (slot, index) = split(timer);
        self.block(slot).entry(index).hash
    }

    /// Whether a timer is this one; its time is that of its bucket.
    #[inline]
    pub(super) fn is(&self, timer: u32, hash: u64, key: &[u8], namespace: &[u8]) -> bool {
        let (slot, index) = split(timer);
        let block = self.block(slot);
        if block.entry(index).hash != hash {
            return false;
        }
        let (its_key, its_namespace) = block.bytes(index);
        same(its_key, key) && same(its_namespace, namespace)
    }

    /// Adds a timer and tells where it lies.
    #[inline]
    pub(super) fn add(&mut self, timer: (i64, &[u8], &[u8]), hash: u64, epoch: u32) -> u32 {
        if self.open.is_full() {
            self.seal();
        }
        let index = self.open.push(timer, hash, epoch);
        let slot = &mut self.slots[self.open_slot as usize];
        slot.alive.set(index);
        slot.live += 1;
        self.open_slot * BLOCK_TIMERS as u32 + index as u32
    }

    /// Begins another block.
    #[inline(never)]
    fn seal(&mut self) {
        let slot = &mut self.slots[self.open_slot as usize];
        if slot.live == 0 {
            self.open.clear();
            return;
        }
        slot.block = Arc::new(std::mem::take(&mut self.open));
        self.open_slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(Slot::default());
                self.slots.len() as u32 - 1
            }
        };
    }

    /// Notes that a timer is gone.
    #[inline]
    pub(super) fn kill(&mut self, timer: u32) {
        let (number, index) = split(timer);
        let slot = &mut self.slots[number];
        slot.alive.clear(index);
        slot.live -= 1;
        if slot.live == 0 {
            if number == self.open_slot as usize {
                self.open.clear();
            } else {
                *slot = Slot::default();
                self.free.push(number as u32);
            }
        }
    }

    /// A full block of which less than a quarter is alive, with the indices of what is.
    pub(super) fn sparse(&self) -> Option<(u32, Arc<Block>, Vec<usize>)> {
        let sparse = |(number, slot): &(usize, &Slot)| {
            *number != self.open_slot as usize && slot.live > 0 && slot.live * 4 < slot.block.len()
        };
        let (number, slot) = self.slots.iter().enumerate().find(sparse)?;
        let alive = (0..slot.block.len()).filter(|index| slot.alive.get(*index));
        Some((number as u32, Arc::clone(&slot.block), alive.collect()))
    }

    /// Every block that has a live timer. The one being filled is copied, the others are shared.
    pub(super) fn freeze(&self) -> Vec<(Arc<Block>, Alive)> {
        let freeze = |(number, slot): (usize, &Slot)| {
            let block = if number == self.open_slot as usize {
                Arc::new(self.open.clone())
            } else {
                Arc::clone(&slot.block)
            };
            (block, slot.alive.clone())
        };
        let slots = self.slots.iter().enumerate();
        slots
            .filter(|(_, slot)| slot.live > 0)
            .map(freeze)
            .collect()
    }

    /// Timers there is room for, alive or not.
    pub(super) fn allocated_timers(&self) -> usize {
        (self.slots.len() - self.free.len()) * BLOCK_TIMERS
    }
}

/// Compares without looking behind an empty slice: such a one may dangle, and some `memcmp` take 50 times longer there.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && (a.is_empty() || a == b)
}

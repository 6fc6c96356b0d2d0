//! The timers of one domain, ordered by time; within one time by registration.
//!
//! Timers lie in blocks, so that freezing them costs a reference count and a bitmap per few thousand. Timers of one
//! time share a bucket: a list of where they lie, and an index once there are more than a handful, to find duplicates.
//! Firing goes down the list; nothing is looked up or removed one by one. Blocks of which little is alive are emptied
//! into the one being filled.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::frozen_timers::FrozenQueue;
use super::timer::TimerBatch;
use super::timer_block::{BLOCK_TIMERS, Block, Blocks, split};

/// Timers of one time from which on they are indexed.
const INDEXED_FROM: usize = 8;

/// A timer that was deleted, in the list of its bucket.
const GONE: u32 = u32::MAX;

/// Timers of one time.
#[derive(Debug, Default)]
struct Bucket {
    /// Where they lie: number of the block and index in it. [`GONE`] for deleted ones.
    timers: Vec<u32>,
    /// Positions in `timers` by hash, if there are many. Those before `fired` mean nothing.
    index: HashTable<u32>,
    fired: usize,
    live: usize,
}

/// Timers that went after a snapshot had seen them, until a completed one has seen that, too.
#[derive(Debug, Default)]
struct Removed {
    full: Vec<Arc<Block>>,
    open: Block,
}

impl Removed {
    fn push(&mut self, timer: (i64, &[u8], &[u8]), epoch: u32) {
        if self.open.is_full() {
            self.full.push(Arc::new(std::mem::take(&mut self.open)));
        }
        self.open.push(timer, 0, epoch);
    }

    fn forget(&mut self, settled: u32) {
        self.full.retain(|block| block.last_epoch() > settled);
        if self.open.last_epoch() <= settled {
            self.open.clear();
        }
    }
}

/// The timers of one domain.
#[derive(Debug)]
pub struct TimerQueue {
    buckets: BTreeMap<i64, Bucket>,
    blocks: Blocks,
    removed: Removed,
    count: usize,
    /// Grows with every snapshot.
    epoch: u32,
}

impl Default for TimerQueue {
    fn default() -> Self {
        Self {
            buckets: BTreeMap::new(),
            blocks: Blocks::default(),
            removed: Removed::default(),
            count: 0,
            epoch: 1,
        }
    }
}

#[inline]
fn hash_of(key: &[u8], namespace: &[u8]) -> u64 {
    let seed = if namespace.is_empty() {
        0
    } else {
        xxh3_64_with_seed(namespace, 1)
    };
    xxh3_64_with_seed(key, seed)
}

impl Bucket {
    /// Position of a timer.
    #[inline]
    fn find(&self, blocks: &Blocks, hash: u64, key: &[u8], namespace: &[u8]) -> Option<usize> {
        let is = |&timer: &u32| timer != GONE && blocks.is(timer, hash, key, namespace);
        if self.index.is_empty() {
            let found = self.timers[self.fired..].iter().position(is);
            return found.map(|at| at + self.fired);
        }
        let there = |&at: &u32| at as usize >= self.fired && is(&self.timers[at as usize]);
        self.index.find(hash, there).map(|at| *at as usize)
    }

    fn push(&mut self, blocks: &Blocks, timer: u32, hash: u64) {
        self.timers.push(timer);
        self.live += 1;
        if !self.index.is_empty() {
            self.add_to_index(blocks, self.timers.len() - 1, hash);
        } else if self.timers.len() - self.fired > INDEXED_FROM {
            self.build_index(blocks);
        }
    }

    #[inline]
    fn add_to_index(&mut self, blocks: &Blocks, at: usize, hash: u64) {
        let (timers, fired) = (&self.timers, self.fired);
        // What has fired is only found by its place, and no search asks for that.
        let rehash = |&at: &u32| match timers[at as usize] {
            timer if timer == GONE || (at as usize) < fired => 0,
            timer => blocks.hash(timer),
        };
        self.index.insert_unique(hash, at as u32, rehash);
    }

    fn build_index(&mut self, blocks: &Blocks) {
        self.index.clear();
        for at in self.fired..self.timers.len() {
            if self.timers[at] != GONE {
                self.add_to_index(blocks, at, blocks.hash(self.timers[at]));
            }
        }
    }

    /// Takes the timer at a position off the list.
    fn delete(&mut self, blocks: &Blocks, at: usize, hash: u64) {
        if let Ok(found) = self.index.find_entry(hash, |&other| other as usize == at) {
            found.remove();
        }
        self.timers[at] = GONE;
        self.live -= 1;
        if self.timers.len() > 2 * self.live + 4 * INDEXED_FROM {
            self.timers.drain(..self.fired);
            self.timers.retain(|timer| *timer != GONE);
            self.fired = 0;
            self.index.clear();
            if self.timers.len() > INDEXED_FROM {
                self.build_index(blocks);
            }
        }
    }
}

impl TimerQueue {
    /// Adds a timer. Returns whether it was not there before.
    pub fn register(&mut self, time: i64, key: &[u8], namespace: &[u8]) -> bool {
        self.add(time, key, namespace, self.epoch)
    }

    /// Adds a timer that a snapshot has.
    pub fn restore(&mut self, time: i64, key: &[u8], namespace: &[u8]) {
        self.add(time, key, namespace, 0);
    }

    fn add(&mut self, time: i64, key: &[u8], namespace: &[u8], epoch: u32) -> bool {
        let bucket = self.buckets.entry(time).or_default();
        let hash = hash_of(key, namespace);
        if bucket.find(&self.blocks, hash, key, namespace).is_some() {
            return false;
        }
        let sealed = self.blocks.open.is_full();
        let timer = self.blocks.add((time, key, namespace), hash, epoch);
        bucket.push(&self.blocks, timer, hash);
        self.count += 1;
        if sealed && self.blocks.allocated_timers() > 2 * self.count + 8 * BLOCK_TIMERS {
            self.compact();
        }
        true
    }

    /// Removes a timer. Returns whether it was there.
    pub fn delete(&mut self, time: i64, key: &[u8], namespace: &[u8]) -> bool {
        let Some(bucket) = self.buckets.get_mut(&time) else {
            return false;
        };
        let hash = hash_of(key, namespace);
        let Some(at) = bucket.find(&self.blocks, hash, key, namespace) else {
            return false;
        };
        let timer = bucket.timers[at];
        bucket.delete(&self.blocks, at, hash);
        if bucket.live == 0 {
            self.buckets.remove(&time);
        }
        self.count -= 1;
        bury(&mut self.removed, &self.blocks, timer, self.epoch);
        self.blocks.kill(timer);
        true
    }

    /// The time of the earliest timer.
    pub fn next_time(&self) -> Option<i64> {
        self.buckets.first_key_value().map(|(time, _)| *time)
    }

    /// Takes at most `max` timers due at or before `time`, earliest first, registration order within one time.
    pub fn pop_due(&mut self, time: i64, max: usize) -> TimerBatch {
        let mut due = TimerBatch::default();
        while due.len() < max {
            let Some(mut first) = self.buckets.first_entry() else {
                break;
            };
            if *first.key() > time {
                break;
            }
            let at = *first.key();
            let bucket = first.get_mut();
            while due.len() < max && bucket.live > 0 {
                let timer = bucket.timers[bucket.fired];
                bucket.fired += 1;
                if timer != GONE {
                    let (slot, index) = split(timer);
                    let (key, namespace) = self.blocks.block(slot).bytes(index);
                    due.push(at, key, namespace);
                    bucket.live -= 1;
                    bury(&mut self.removed, &self.blocks, timer, self.epoch);
                    self.blocks.kill(timer);
                }
            }
            if bucket.live == 0 {
                first.remove();
            }
        }
        self.count -= due.len();
        due
    }

    /// The timers as they are, for a snapshot; what is added or removed from now on belongs to the next epoch. Changes up
    /// to the epoch `settled` are safe already. Costs some hundred nanoseconds per few thousand timers.
    pub fn freeze(&mut self, settled: u32) -> FrozenQueue {
        self.epoch += 1;
        self.removed.forget(settled);
        let mut removed = self.removed.full.clone();
        removed.push(Arc::new(self.removed.open.clone()));
        FrozenQueue {
            blocks: self.blocks.freeze(),
            removed,
        }
    }

    /// The epoch of what is added now.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// How many timers wait.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether no timer waits.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Moves what is alive in sparse blocks into the one being filled.
    fn compact(&mut self) {
        while let Some((slot, block, alive)) = self.blocks.sparse() {
            for index in alive {
                let entry = *block.entry(index);
                let (key, namespace) = block.bytes(index);
                let from = slot * BLOCK_TIMERS as u32 + index as u32;
                let found = self.buckets.get_mut(&entry.time).and_then(|bucket| {
                    let at = bucket.find(&self.blocks, entry.hash, key, namespace)?;
                    Some(&mut bucket.timers[at])
                });
                if let Some(place) = found {
                    // Its epoch is the old one: what a snapshot has of it still holds.
                    let timer = (entry.time, key, namespace);
                    *place = self.blocks.add(timer, entry.hash, entry.epoch);
                }
                self.blocks.kill(from);
            }
        }
    }
}

/// Remembers a timer that goes, if a snapshot may have it.
#[inline]
fn bury(removed: &mut Removed, blocks: &Blocks, timer: u32, epoch: u32) {
    let (slot, index) = split(timer);
    let block = blocks.block(slot);
    let entry = block.entry(index);
    if entry.epoch < epoch {
        let (key, namespace) = block.bytes(index);
        removed.push((entry.time, key, namespace), epoch);
    }
}

#[cfg(test)]
mod tests;

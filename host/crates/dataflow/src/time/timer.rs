//! Timers: callbacks of a key at a time, in event or processing time, one per (time, key, namespace).
//!
//! The queue is an index in memory over what the state backend stores: registering a timer also puts an entry into a
//! reserved state, firing it deletes the entry, and a restore rebuilds the queue from the entries. So timers are in
//! every snapshot and move with their key group without any code of their own.

use std::collections::BTreeMap;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::element::Column;
use crate::ids::StateNumber;

/// Which time a timer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeDomain {
    /// The watermark.
    Event,
    /// The operator's clock.
    Processing,
}

impl TimeDomain {
    /// The reserved state that stores the timers of this domain.
    pub fn state(self) -> StateNumber {
        match self {
            Self::Event => StateNumber(u32::MAX - 1),
            Self::Processing => StateNumber(u32::MAX),
        }
    }

    /// The name of that state in snapshots.
    pub fn state_name(self) -> &'static str {
        match self {
            Self::Event => "_timers/event",
            Self::Processing => "_timers/processing",
        }
    }
}

/// Timers in columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimerBatch {
    /// How many.
    pub count: u32,
    /// When they are due (milliseconds).
    pub times: Vec<i64>,
    /// Whose they are.
    pub keys: Column,
    /// What they are for; a window, say.
    pub namespaces: Column,
}

impl TimerBatch {
    /// The number of timers as a length.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is no timer.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Appends a timer.
    pub fn push(&mut self, time: i64, key: &[u8], namespace: &[u8]) {
        let count = self.len();
        self.times.push(time);
        self.keys.push(count, key);
        self.namespaces.push(count, namespace);
        self.count += 1;
    }

    /// Timer `index` as (time, key, namespace).
    pub fn get(&self, index: usize) -> (i64, &[u8], &[u8]) {
        let count = self.len();
        (
            self.times[index],
            self.keys.get(index, count),
            self.namespaces.get(index, count),
        )
    }

    /// Checks that every column has one entry per timer.
    ///
    /// # Errors
    /// The first column that does not fit.
    pub fn validate(&self) -> Result<(), crate::element::MalformedBatch> {
        if self.times.len() != self.len() {
            return Err(crate::element::MalformedBatch::TimestampCount {
                timestamps: self.times.len(),
                count: self.len(),
            });
        }
        self.keys.validate("keys", self.len())?;
        self.namespaces.validate("namespaces", self.len())
    }

    /// Splits off the timers from `at` on; `self` keeps the ones before.
    pub fn split_off(&mut self, at: usize) -> Self {
        let count = self.len();
        let times = self.times.split_off(at);
        let keys = self.keys.split_off(at, count);
        let namespaces = self.namespaces.split_off(at, count);
        self.count = at as u32;
        Self {
            count: (count - at) as u32,
            times,
            keys,
            namespaces,
        }
    }
}

/// The sub-key under which a timer is stored: its time so that order is kept, then its namespace.
pub fn timer_sub_key(time: i64, namespace: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&((time as u64) ^ (1 << 63)).to_be_bytes());
    out.extend_from_slice(namespace);
}

/// Reads what [`timer_sub_key`] wrote.
pub fn parse_timer_sub_key(sub_key: &[u8]) -> Option<(i64, &[u8])> {
    let (time, namespace) = sub_key.split_first_chunk::<8>()?;
    Some(((u64::from_be_bytes(*time) ^ (1 << 63)) as i64, namespace))
}

/// The timers of one domain, ordered by time; within one time by registration.
#[derive(Debug, Default)]
pub struct TimerQueue {
    buckets: BTreeMap<i64, Bucket>,
    count: usize,
}

/// Timers of one time: their bytes in an arena, an index to find duplicates, a mark for the deleted ones.
#[derive(Debug, Default)]
struct Bucket {
    arena: Vec<u8>,
    entries: Vec<Entry>,
    index: HashTable<u32>,
    live: usize,
    fired: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    key_len: u32,
    end: u32,
    hash: u64,
    live: bool,
}

impl Bucket {
    fn find(&self, hash: u64, key: &[u8], namespace: &[u8]) -> Option<u32> {
        self.index
            .find(hash, |&i| {
                let (k, n) = self.get(i as usize);
                k == key && same(n, namespace)
            })
            .copied()
    }

    fn get(&self, index: usize) -> (&[u8], &[u8]) {
        let entry = &self.entries[index];
        self.arena[entry.start as usize..entry.end as usize].split_at(entry.key_len as usize)
    }
}

/// Compares without looking behind an empty slice: such a one may dangle, and some `memcmp` take 50 times longer there.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && (a.is_empty() || a == b)
}

fn hash(key: &[u8], namespace: &[u8]) -> u64 {
    let seed = if namespace.is_empty() {
        0
    } else {
        xxh3_64_with_seed(namespace, 1)
    };
    xxh3_64_with_seed(key, seed)
}

impl TimerQueue {
    /// Adds a timer. Returns whether it was not there before.
    pub fn register(&mut self, time: i64, key: &[u8], namespace: &[u8]) -> bool {
        let bucket = self.buckets.entry(time).or_default();
        let hash = hash(key, namespace);
        if bucket.find(hash, key, namespace).is_some() {
            return false;
        }
        let start = bucket.arena.len() as u32;
        bucket.arena.extend_from_slice(key);
        bucket.arena.extend_from_slice(namespace);
        let end = bucket.arena.len() as u32;
        let index = bucket.entries.len() as u32;
        bucket.entries.push(Entry {
            start,
            key_len: key.len() as u32,
            end,
            hash,
            live: true,
        });
        let entries = &bucket.entries;
        bucket
            .index
            .insert_unique(hash, index, |&i| entries[i as usize].hash);
        bucket.live += 1;
        self.count += 1;
        true
    }

    /// Removes a timer. Returns whether it was there.
    pub fn delete(&mut self, time: i64, key: &[u8], namespace: &[u8]) -> bool {
        let Some(bucket) = self.buckets.get_mut(&time) else {
            return false;
        };
        let hash = hash(key, namespace);
        let Some(index) = bucket.find(hash, key, namespace) else {
            return false;
        };
        bucket.remove(hash, index);
        if bucket.live == 0 {
            self.buckets.remove(&time);
        }
        self.count -= 1;
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
                let index = bucket.fired;
                bucket.fired += 1;
                let entry = bucket.entries[index];
                if entry.live {
                    let (key, namespace) = bucket.get(index);
                    due.push(at, key, namespace);
                    bucket.remove(entry.hash, index as u32);
                }
            }
            if bucket.live == 0 {
                first.remove();
            }
        }
        self.count -= due.len();
        due
    }

    /// How many timers wait.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether no timer waits.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl Bucket {
    fn remove(&mut self, hash: u64, index: u32) {
        if let Ok(found) = self.index.find_entry(hash, |&i| i == index) {
            found.remove();
        }
        self.entries[index as usize].live = false;
        self.live -= 1;
    }
}

#[cfg(test)]
mod tests;

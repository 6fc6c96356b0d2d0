//! The writes of one call, indexed by address, for reads after writes within the call.
//!
//! The index grows with the writes: each is looked at once, when the first read after it comes, so a guest that reads
//! and writes record by record pays for its own records only. A call that reads before it writes never builds it.

use hashbrown::HashTable;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::ids::StateNumber;
use crate::port::write::Write;

/// The index. Positions refer to the list of writes it is given; it must be cleared with that list.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// How many writes are indexed.
    seen: usize,
    changes: Vec<Change>,
    index: HashTable<u32>,
    /// Keys of Map states that were cleared: position of the last write that did, and of the key in it.
    cleared: HashTable<(u32, u32)>,
}

/// An address that was written to.
#[derive(Debug)]
struct Change {
    hash: u64,
    state: StateNumber,
    /// Writes to the address, oldest first: position of the write and of the entry in it.
    effects: Vec<(u32, u32)>,
}

fn hash_of(state: StateNumber, key: &[u8], sub_key: &[u8]) -> u64 {
    let seed = if sub_key.is_empty() {
        0
    } else {
        xxh3_64(sub_key)
    };
    xxh3_64_with_seed(key, seed ^ u64::from(state.0))
}

/// Whether a place is that of a cleared key.
fn cleared<'a>(
    writes: &'a [Write],
    state: StateNumber,
    key: &'a [u8],
) -> impl Fn(&(u32, u32)) -> bool + 'a {
    move |&(write, entry)| {
        let write = &writes[write as usize];
        write.state() == state && same(write.address(entry as usize).0, key)
    }
}

/// Compares without looking behind an empty slice: such a one may dangle, and some `memcmp` take 50 times longer there.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && (a.is_empty() || a == b)
}

impl Overlay {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.seen = 0;
        self.changes.clear();
        self.index.clear();
        self.cleared.clear();
    }

    /// Indexes the writes that are new since the last time.
    pub(super) fn catch_up(&mut self, writes: &[Write]) {
        for (position, write) in writes.iter().enumerate().skip(self.seen) {
            let state = write.state();
            for entry in 0..write.count() {
                let (key, sub_key) = write.address(entry);
                let effect = (position as u32, entry as u32);
                match write {
                    Write::Clear { .. } => self.clear_key(writes, state, key, effect),
                    _ => self.add(writes, state, key, sub_key, effect),
                }
            }
        }
        self.seen = writes.len();
    }

    fn clear_key(&mut self, writes: &[Write], state: StateNumber, key: &[u8], at: (u32, u32)) {
        let hash = |&(write, entry): &(u32, u32)| {
            let write = &writes[write as usize];
            hash_of(write.state(), write.address(entry as usize).0, &[])
        };
        let entry = self
            .cleared
            .entry(hash_of(state, key, &[]), cleared(writes, state, key), hash);
        match entry {
            hashbrown::hash_table::Entry::Occupied(mut entry) => *entry.get_mut() = at,
            hashbrown::hash_table::Entry::Vacant(entry) => drop(entry.insert(at)),
        }
    }

    /// The last write that cleared a key.
    fn cleared_at(&self, writes: &[Write], state: StateNumber, key: &[u8]) -> Option<u32> {
        if self.cleared.is_empty() {
            return None;
        }
        let hash = hash_of(state, key, &[]);
        let found = self.cleared.find(hash, cleared(writes, state, key));
        found.map(|(write, _)| *write)
    }

    fn find(
        &self,
        writes: &[Write],
        state: StateNumber,
        key: &[u8],
        sub_key: &[u8],
    ) -> Option<u32> {
        let hash = hash_of(state, key, sub_key);
        let matches = |&at: &u32| {
            let change = &self.changes[at as usize];
            let (write, entry) = change.effects[0];
            let (its_key, its_sub_key) = writes[write as usize].address(entry as usize);
            change.state == state && same(its_key, key) && same(its_sub_key, sub_key)
        };
        self.index.find(hash, matches).copied()
    }

    fn add(
        &mut self,
        writes: &[Write],
        state: StateNumber,
        key: &[u8],
        sub_key: &[u8],
        effect: (u32, u32),
    ) {
        if let Some(at) = self.find(writes, state, key, sub_key) {
            self.changes[at as usize].effects.push(effect);
            return;
        }
        let hash = hash_of(state, key, sub_key);
        let at = self.changes.len() as u32;
        self.changes.push(Change {
            hash,
            state,
            effects: vec![effect],
        });
        let changes = &self.changes;
        self.index
            .insert_unique(hash, at, |&i| changes[i as usize].hash);
    }

    /// Gives the value at an address after all writes of the call, starting from the committed one.
    pub(super) fn apply(
        &self,
        writes: &[Write],
        state: StateNumber,
        (key, sub_key): (&[u8], &[u8]),
        committed: Option<&[u8]>,
        found: impl FnOnce(Option<&[u8]>),
    ) {
        let cleared_at = self.cleared_at(writes, state, key);
        let Some(at) = self.find(writes, state, key, sub_key) else {
            return found(committed.filter(|_| cleared_at.is_none()));
        };
        let mut value = committed
            .filter(|_| cleared_at.is_none())
            .map(<[u8]>::to_vec);
        for (position, entry) in &self.changes[at as usize].effects {
            if cleared_at.is_none_or(|cleared| *position > cleared) {
                writes[*position as usize].replay(*entry as usize, &mut value);
            }
        }
        found(value.as_deref());
    }
}

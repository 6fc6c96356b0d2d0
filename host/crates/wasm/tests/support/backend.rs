//! A state backend for tests: one ordered map in memory, no snapshots.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use dataflow::element::Column;
use dataflow::ids::{CheckpointId, StateNumber};
use dataflow::port::state::{
    Addresses, Found, PendingSnapshot, Scanned, StateBackend, StateError, StateUsage,
};
use dataflow::time::frozen_timers::FrozenTimers;
use dataflow::time::timer::TimeDomain;

use super::STATE;

/// The entries of one key. The one with the empty sub-key has a place of its own: it is nearly always the only one,
/// and comparing empty slices of unallocated vectors costs a hundred nanoseconds where the C library compares with
/// masked loads.
#[derive(Default)]
struct Entries {
    plain: Option<Vec<u8>>,
    map: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Entries {
    fn get(&self, sub_key: &[u8]) -> Option<&Vec<u8>> {
        if sub_key.is_empty() {
            return self.plain.as_ref();
        }
        self.map.get(sub_key)
    }

    fn value(&mut self, sub_key: &[u8]) -> &mut Vec<u8> {
        if sub_key.is_empty() {
            return self.plain.get_or_insert_default();
        }
        self.map.entry(sub_key.to_vec()).or_default()
    }

    fn remove(&mut self, sub_key: &[u8]) {
        if sub_key.is_empty() {
            self.plain = None;
        }
        self.map.remove(sub_key);
    }

    /// All entries, by ascending sub-key.
    fn iter(&self) -> impl Iterator<Item = (&[u8], &Vec<u8>)> {
        let plain = self.plain.iter().map(|value| (&[][..], value));
        plain.chain(
            self.map
                .iter()
                .map(|(sub_key, value)| (sub_key.as_slice(), value)),
        )
    }
}

/// Keeps entries per state and key.
#[derive(Default)]
pub(crate) struct MemoryBackend {
    states: BTreeMap<StateNumber, HashMap<Vec<u8>, Entries, FixedSeed>>,
}

/// The hash of the tests: fast and the same in every run.
#[derive(Clone, Default)]
pub(crate) struct FixedSeed;

impl std::hash::BuildHasher for FixedSeed {
    type Hasher = Multiply;
    fn build_hasher(&self) -> Multiply {
        Multiply(0xcbf2_9ce4_8422_2325)
    }
}

pub(crate) struct Multiply(u64);

impl std::hash::Hasher for Multiply {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0 ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 ^= self.0 >> 32;
        }
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

impl MemoryBackend {
    fn state(
        &mut self,
        state: StateNumber,
    ) -> Result<&mut HashMap<Vec<u8>, Entries, FixedSeed>, StateError> {
        let known = [
            STATE,
            TimeDomain::Event.state(),
            TimeDomain::Processing.state(),
        ];
        if !known.contains(&state) {
            return Err(StateError::UnknownState(state));
        }
        Ok(self.states.entry(state).or_default())
    }
}

impl StateBackend for MemoryBackend {
    fn get_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
        found: &mut Found,
    ) -> Result<(), StateError> {
        let state = self.state(state)?;
        for index in 0..addresses.count {
            let (key, sub_key) = addresses.get(index);
            let value = state.get(key).and_then(|entries| entries.get(sub_key));
            found.push(value.map(Vec::as_slice));
        }
        Ok(())
    }

    fn put_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
        values: &Column,
    ) -> Result<(), StateError> {
        let state = self.state(state)?;
        for index in 0..addresses.count {
            let (key, sub_key) = addresses.get(index);
            let value = values.get(index, addresses.count);
            let entries = match state.get_mut(key) {
                Some(entries) => entries,
                None => state.entry(key.to_vec()).or_default(),
            };
            let old = entries.value(sub_key);
            old.clear();
            old.extend_from_slice(value);
        }
        Ok(())
    }

    fn delete_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
    ) -> Result<(), StateError> {
        let state = self.state(state)?;
        for index in 0..addresses.count {
            let (key, sub_key) = addresses.get(index);
            if let Some(entries) = state.get_mut(key) {
                entries.remove(sub_key);
            }
        }
        Ok(())
    }

    fn append_many(
        &mut self,
        state: StateNumber,
        addresses: Addresses<'_>,
        values: &Column,
    ) -> Result<(), StateError> {
        let state = self.state(state)?;
        for index in 0..addresses.count {
            let (key, sub_key) = addresses.get(index);
            let element = values.get(index, addresses.count);
            let entries = state.entry(key.to_vec()).or_default();
            let list = entries.value(sub_key);
            list.extend_from_slice(&(element.len() as u32).to_le_bytes());
            list.extend_from_slice(element);
        }
        Ok(())
    }

    fn scan(
        &mut self,
        state: StateNumber,
        key: &[u8],
        from: &[u8],
        limit: u32,
    ) -> Result<Scanned, StateError> {
        let mut scanned = Scanned::default();
        let Some(entries) = self.state(state)?.get(key) else {
            return Ok(scanned);
        };
        for (sub_key, value) in entries.iter().filter(|(sub_key, _)| *sub_key >= from) {
            if scanned.count == limit as usize {
                scanned.more = true;
                break;
            }
            scanned.sub_keys.push(scanned.count, sub_key);
            scanned.values.push(scanned.count, value);
            scanned.count += 1;
        }
        Ok(scanned)
    }

    fn clear_many(
        &mut self,
        state: StateNumber,
        count: usize,
        keys: &Column,
    ) -> Result<(), StateError> {
        let state = self.state(state)?;
        for key in keys.entries(count) {
            state.remove(key);
        }
        Ok(())
    }

    fn visit(
        &mut self,
        state: StateNumber,
        visit: &mut dyn FnMut(&[u8], &[u8], &[u8]),
    ) -> Result<(), StateError> {
        for (key, entries) in self.state(state)?.iter() {
            for (sub_key, value) in entries.iter() {
                visit(key, sub_key, value);
            }
        }
        Ok(())
    }

    fn take_timers(
        &mut self,
        _: TimeDomain,
        _: &mut dyn FnMut(&[u8], &[u8], &[u8]),
    ) -> Result<(), StateError> {
        Ok(())
    }

    fn timers_settled(&self) -> u32 {
        0
    }

    fn snapshot(
        &mut self,
        _: CheckpointId,
        _: FrozenTimers,
    ) -> Result<Box<dyn PendingSnapshot>, StateError> {
        Err(StateError::Poisoned("no snapshots in tests".to_owned()))
    }

    fn checkpoint_completed(&mut self, _: CheckpointId) {}

    fn usage(&self) -> StateUsage {
        let keys = self.states.values().flat_map(HashMap::values);
        StateUsage {
            entries: keys.map(|entries| entries.iter().count() as u64).sum(),
            ..StateUsage::default()
        }
    }
}

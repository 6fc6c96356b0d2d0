//! A state backend for tests: one ordered map in memory, no snapshots.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use dataflow::element::Column;
use dataflow::ids::{CheckpointId, StateNumber};
use dataflow::port::state::{
    Addresses, Found, PendingSnapshot, Scanned, StateBackend, StateError, StateUsage,
};
use dataflow::time::timer::TimeDomain;

use super::STATE;

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// Keeps entries per state and key.
#[derive(Default)]
pub(crate) struct MemoryBackend {
    states: BTreeMap<StateNumber, HashMap<Vec<u8>, Entries, FixedSeed>>,
}

/// The hash of the tests: fast and the same in every run.
#[derive(Clone, Default)]
pub(crate) struct FixedSeed;

impl std::hash::BuildHasher for FixedSeed {
    type Hasher = Fnv;
    fn build_hasher(&self) -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

pub(crate) struct Fnv(u64);

impl std::hash::Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
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
            match state
                .get_mut(key)
                .and_then(|entries| entries.get_mut(sub_key))
            {
                Some(old) => {
                    old.clear();
                    old.extend_from_slice(value);
                }
                None => {
                    let entries = state.entry(key.to_vec()).or_default();
                    entries.insert(sub_key.to_vec(), value.to_vec());
                }
            }
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
            let list = entries.entry(sub_key.to_vec()).or_default();
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
        for (sub_key, value) in entries.range(from.to_vec()..) {
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

    fn clear_key(&mut self, state: StateNumber, key: &[u8]) -> Result<(), StateError> {
        self.state(state)?.remove(key);
        Ok(())
    }

    fn visit(
        &mut self,
        state: StateNumber,
        visit: &mut dyn FnMut(&[u8], &[u8], &[u8]),
    ) -> Result<(), StateError> {
        for (key, entries) in self.state(state)?.iter() {
            for (sub_key, value) in entries {
                visit(key, sub_key, value);
            }
        }
        Ok(())
    }

    fn snapshot(&mut self, _: CheckpointId) -> Result<Box<dyn PendingSnapshot>, StateError> {
        Err(StateError::Poisoned("no snapshots in tests".to_owned()))
    }

    fn checkpoint_completed(&mut self, _: CheckpointId) {}

    fn usage(&self) -> StateUsage {
        let keys = self.states.values().flat_map(HashMap::values);
        StateUsage {
            entries: keys.map(|entries| entries.len() as u64).sum(),
            ..StateUsage::default()
        }
    }
}

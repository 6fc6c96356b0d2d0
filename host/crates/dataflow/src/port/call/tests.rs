//! A call reads the committed state with its own writes on top, whatever the order of reads and writes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::ids::CheckpointId;
use crate::port::state::{PendingSnapshot, Scanned, StateUsage, Visit};
use crate::time::frozen_timers::FrozenTimers;

/// State as an ordered map; a list is its framed elements.
#[derive(Default)]
struct Model(BTreeMap<(Vec<u8>, Vec<u8>), Vec<u8>>);

type Refused = Result<(), StateError>;

impl StateBackend for Model {
    fn get_many(&mut self, _: StateNumber, addresses: Addresses<'_>, found: &mut Found) -> Refused {
        for index in 0..addresses.count {
            let (key, sub_key) = addresses.get(index);
            found.push(
                self.0
                    .get(&(key.to_vec(), sub_key.to_vec()))
                    .map(Vec::as_slice),
            );
        }
        Ok(())
    }

    fn put_many(&mut self, _: StateNumber, addresses: Addresses<'_>, values: &Column) -> Refused {
        for index in 0..addresses.count {
            let (key, sub_key) = addresses.get(index);
            let value = values.get(index, addresses.count).to_vec();
            self.0.insert((key.to_vec(), sub_key.to_vec()), value);
        }
        Ok(())
    }

    fn delete_many(&mut self, _: StateNumber, addresses: Addresses<'_>) -> Refused {
        for index in 0..addresses.count {
            let (key, sub_key) = addresses.get(index);
            self.0.remove(&(key.to_vec(), sub_key.to_vec()));
        }
        Ok(())
    }

    fn append_many(
        &mut self,
        _: StateNumber,
        addresses: Addresses<'_>,
        values: &Column,
    ) -> Refused {
        for index in 0..addresses.count {
            let (key, sub_key) = addresses.get(index);
            let element = values.get(index, addresses.count);
            let list = self.0.entry((key.to_vec(), sub_key.to_vec())).or_default();
            list.extend_from_slice(&(element.len() as u32).to_le_bytes());
            list.extend_from_slice(element);
        }
        Ok(())
    }

    fn scan(
        &mut self,
        _: StateNumber,
        key: &[u8],
        from: &[u8],
        limit: u32,
    ) -> Result<Scanned, StateError> {
        let of_key = self
            .0
            .iter()
            .filter(|((k, s), _)| k == key && s.as_slice() >= from);
        let mut scanned = Scanned::default();
        for ((_, sub_key), value) in of_key {
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

    fn clear_many(&mut self, _: StateNumber, _: usize, key: &Column) -> Refused {
        let key = &key.data[..];
        self.0.retain(|(k, _), _| k != key);
        Ok(())
    }

    fn visit(&mut self, _: StateNumber, _: Visit<'_>) -> Refused {
        Ok(())
    }

    fn take_timers(&mut self, _: TimeDomain, _: Visit<'_>) -> Refused {
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
        Err(StateError::Poisoned("a model has no snapshots".into()))
    }

    fn checkpoint_completed(&mut self, _: CheckpointId) {}

    fn usage(&self) -> StateUsage {
        StateUsage::default()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8, u8, u8),
    Delete(u8, u8),
    Append(u8, u8, u8),
    Clear(u8),
    Get(u8, u8),
    Scan(u8, u8, u32),
    End(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (key, sub) = (0u8..3, 0u8..5);
    let step = prop_oneof![
        4 => (key.clone(), sub.clone(), any::<u8>()).prop_map(|(k, s, v)| Step::Put(k, s, v)),
        2 => (key.clone(), sub.clone()).prop_map(|(k, s)| Step::Delete(k, s)),
        2 => (key.clone(), sub.clone(), any::<u8>()).prop_map(|(k, s, v)| Step::Append(k, s, v)),
        1 => key.clone().prop_map(Step::Clear),
        4 => (key.clone(), sub.clone()).prop_map(|(k, s)| Step::Get(k, s)),
        2 => (key, sub, 1u32..4).prop_map(|(k, s, l)| Step::Scan(k, s, l)),
        1 => any::<bool>().prop_map(Step::End),
    ];
    prop::collection::vec(step, 0..60)
}

fn column(byte: u8) -> Column {
    // The empty sub-key is the usual one.
    Column::fixed(if byte == 0 { Vec::new() } else { vec![byte] })
}

fn keys(byte: u8) -> Column {
    Column::fixed(vec![byte])
}

proptest! {
    #[test]
    fn reads_see_the_writes_of_the_call_and_a_rolled_back_call_leaves_nothing(steps in steps()) {
        let state = StateNumber(0);
        let range = KeyGroupRange::all(8);
        let mut call = Call::keyed(Box::<Model>::default(), range, 8, Timers::default());
        let (mut now, mut committed) = (Model::default(), Model::default());
        for step in steps {
            match step {
                Step::Put(k, s, v) => {
                    call.put_many(state, 1, keys(k), column(s), keys(v))?;
                    let (key, sub) = (keys(k), column(s));
                    now.put_many(state, Addresses { count: 1, keys: &key, sub_keys: &sub }, &keys(v))?;
                }
                Step::Delete(k, s) => {
                    call.delete_many(state, 1, keys(k), column(s))?;
                    let (key, sub) = (keys(k), column(s));
                    now.delete_many(state, Addresses { count: 1, keys: &key, sub_keys: &sub })?;
                }
                Step::Append(k, s, v) => {
                    // Maps are not appended to, so scans look at another key.
                    call.append_many(state, 1, keys(k + 10), column(s), keys(v))?;
                    let (key, sub) = (keys(k + 10), column(s));
                    now.append_many(state, Addresses { count: 1, keys: &key, sub_keys: &sub }, &keys(v))?;
                }
                Step::Clear(k) => {
                    call.clear_many(state, 1, Column::fixed(vec![k]))?;
                    now.clear_many(state, 1, &Column::fixed(vec![k]))?;
                }
                Step::Get(k, s) => {
                    for key in [keys(k), keys(k + 10)] {
                        let sub = column(s);
                        let mut expected = Found::default();
                        now.get_many(state, Addresses { count: 1, keys: &key, sub_keys: &sub }, &mut expected)?;
                        prop_assert_eq!(call.get_many(state, 1, &key, &sub)?, expected);
                    }
                }
                Step::Scan(k, s, limit) => {
                    let from = column(s).data;
                    let expected = now.scan(state, &[k], &from, limit)?;
                    prop_assert_eq!(call.scan(state, &[k], &from, limit)?, expected);
                }
                Step::End(true) => {
                    call.commit()?;
                    committed.0.clone_from(&now.0);
                }
                Step::End(false) => {
                    call.roll_back();
                    now.0.clone_from(&committed.0);
                }
            }
        }
    }
}

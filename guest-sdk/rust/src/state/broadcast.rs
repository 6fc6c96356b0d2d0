//! [`BroadcastState`]: an ordered map that is equal on every subtask, because only records that reach all of them may
//! change it.
//!
//! Reading needs nothing; writing needs the [`BroadcastContext`](crate::BroadcastContext), which only the function for
//! broadcast records is given. The map is read from the host when it is first asked for and stays decoded as long as
//! the instance lives; what a call changes goes to the host in bulk at its end.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{OperatorStore, SubKey};
use crate::column::Column;
use crate::error::Error;
use crate::host::Host;
use crate::operator::BroadcastContext;
use crate::row::Row;

/// A map of which every subtask has the same copy.
pub struct BroadcastState<K: SubKey, V: Row> {
    store: Rc<BroadcastStore<K, V>>,
}

impl<K: SubKey, V: Row> BroadcastState<K, V> {
    pub(crate) fn open(number: u32, host: Rc<dyn Host>) -> (Self, Rc<dyn OperatorStore>) {
        let store = Rc::new(BroadcastStore {
            number,
            host,
            held: RefCell::new(Held {
                entries: None,
                changed: BTreeSet::new(),
            }),
        });
        let kept: Rc<BroadcastStore<K, V>> = Rc::clone(&store);
        (Self { store }, kept)
    }

    /// An entry.
    ///
    /// # Errors
    /// What is stored is malformed.
    pub fn get(&self, key: &K) -> Result<Option<V>, Error> {
        self.with(key, |value| value.cloned())
    }

    /// Looks at an entry without cloning it.
    ///
    /// # Errors
    /// As [`BroadcastState::get`].
    pub fn with<R>(&self, key: &K, look: impl FnOnce(Option<&V>) -> R) -> Result<R, Error> {
        self.store.entries(|entries, _| {
            let entry = entries.get(&bytes_of(key));
            look(entry.map(|(_, value)| value))
        })
    }

    /// Whether there is an entry.
    ///
    /// # Errors
    /// As [`BroadcastState::get`].
    pub fn contains(&self, key: &K) -> Result<bool, Error> {
        self.with(key, |value| value.is_some())
    }

    /// Calls `each` with every entry, by ascending key.
    ///
    /// # Errors
    /// What is stored is malformed, or what `each` returns.
    pub fn for_each(&self, mut each: impl FnMut(&K, &V) -> Result<(), Error>) -> Result<(), Error> {
        self.store.entries(|entries, _| {
            let mut entries = entries.values();
            entries.try_for_each(|(key, value)| each(key, value))
        })?
    }

    /// All entries, by ascending key.
    ///
    /// # Errors
    /// As [`BroadcastState::get`].
    pub fn entries(&self) -> Result<Vec<(K, V)>, Error> {
        self.store
            .entries(|entries, _| entries.values().cloned().collect())
    }

    /// Sets an entry.
    ///
    /// # Errors
    /// As [`BroadcastState::get`].
    pub fn put(&self, _ctx: &BroadcastContext<'_>, key: K, value: V) -> Result<(), Error> {
        self.store.entries(|entries, changed| {
            let bytes = bytes_of(&key);
            changed.insert(bytes.clone());
            entries.insert(bytes, (key, value));
        })
    }

    /// Removes an entry; it need not exist.
    ///
    /// # Errors
    /// As [`BroadcastState::get`].
    pub fn remove(&self, _ctx: &BroadcastContext<'_>, key: &K) -> Result<(), Error> {
        self.store.entries(|entries, changed| {
            let bytes = bytes_of(key);
            if entries.remove(&bytes).is_some() {
                changed.insert(bytes);
            }
        })
    }

    /// Removes all entries.
    ///
    /// # Errors
    /// As [`BroadcastState::get`].
    pub fn clear(&self, _ctx: &BroadcastContext<'_>) -> Result<(), Error> {
        self.store.entries(|entries, changed| {
            changed.extend(std::mem::take(entries).into_keys());
        })
    }
}

fn bytes_of<K: SubKey>(key: &K) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(K::SUB_KEY_WIDTH.unwrap_or(32));
    key.encode_sub_key(&mut bytes);
    bytes
}

/// Entries by the bytes of their keys.
type EntryMap<K, V> = BTreeMap<Vec<u8>, (K, V)>;

struct BroadcastStore<K, V> {
    number: u32,
    host: Rc<dyn Host>,
    held: RefCell<Held<K, V>>,
}

struct Held<K, V> {
    /// All entries, once they were read.
    entries: Option<EntryMap<K, V>>,
    /// Keys that the call has set or removed.
    changed: BTreeSet<Vec<u8>>,
}

impl<K: SubKey, V: Row> BroadcastStore<K, V> {
    /// Uses the entries, which are read before if they were not yet.
    fn entries<R>(
        &self,
        use_them: impl FnOnce(&mut EntryMap<K, V>, &mut BTreeSet<Vec<u8>>) -> R,
    ) -> Result<R, Error> {
        let mut held = self.held.borrow_mut();
        let Held { entries, changed } = &mut *held;
        let entries = match entries {
            Some(entries) => entries,
            None => entries.insert(self.read()?),
        };
        Ok(use_them(entries, changed))
    }

    fn read(&self) -> Result<EntryMap<K, V>, Error> {
        let (count, keys, values) = self.host.broadcast_entries(self.number);
        let count = count as usize;
        keys.check("keys", count)?;
        values.check("values", count)?;
        let both = keys.entries(count).zip(values.entries(count));
        both.map(|(key, value)| {
            let entry = (K::decode_sub_key(key)?, V::decode(value)?);
            Ok((key.to_vec(), entry))
        })
        .collect()
    }
}

impl<K: SubKey, V: Row> OperatorStore for BroadcastStore<K, V> {
    fn flush(&self) {
        let mut held = self.held.borrow_mut();
        let Held { entries, changed } = &mut *held;
        if changed.is_empty() {
            return;
        }
        let (mut puts, mut put_count) = (Column::default(), 0);
        let (mut values, mut deletes, mut delete_count) = (Column::default(), Column::default(), 0);
        for key in std::mem::take(changed) {
            match entries.as_ref().and_then(|entries| entries.get(&key)) {
                Some((_, value)) => {
                    puts.push(K::SUB_KEY_WIDTH, &key);
                    value.encode(&mut values.data);
                    values.close(V::WIDTH);
                    put_count += 1;
                }
                None => {
                    deletes.push(K::SUB_KEY_WIDTH, &key);
                    delete_count += 1;
                }
            }
        }
        if put_count > 0 {
            self.host
                .broadcast_put(self.number, put_count, &mut puts, &mut values);
        }
        if delete_count > 0 {
            self.host
                .broadcast_delete(self.number, delete_count, &mut deletes);
        }
    }
}

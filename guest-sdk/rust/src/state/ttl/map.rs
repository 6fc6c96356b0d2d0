//! [`TtlMapState`]: an ordered map per key whose entries expire one by one.

use std::rc::Rc;

use super::{Expire, Lifetime, Timed};
use crate::error::Error;
use crate::row::Row;
use crate::state::{MapState, SubKey};

/// An ordered map per key whose entries expire one by one; see [`Ttl`](crate::Ttl).
pub struct TtlMapState<K: SubKey, V: Row> {
    entries: Rc<Entries<K, V>>,
}

struct Entries<K: SubKey, V: Row> {
    state: MapState<K, Timed<V>>,
    lifetime: Rc<Lifetime>,
}

impl<K: SubKey, V: Row> TtlMapState<K, V> {
    pub(super) fn open(
        state: MapState<K, Timed<V>>,
        lifetime: Rc<Lifetime>,
    ) -> (Self, Rc<dyn Expire>) {
        let entries = Rc::new(Entries { state, lifetime });
        let kept: Rc<Entries<K, V>> = Rc::clone(&entries);
        (Self { entries }, kept)
    }

    /// Sets an entry of the key's map. Does not read.
    pub fn put(&self, sub_key: &K, value: &V) {
        if let Some(now) = self.entries.lifetime.now() {
            self.entries.put(sub_key, value.clone(), now);
            self.entries.lifetime.begin(now);
        }
    }

    /// Removes an entry of the key's map; it need not exist.
    pub fn remove(&self, sub_key: &K) {
        self.entries.state.remove(sub_key);
    }

    /// An entry of the key's map, if it lives.
    ///
    /// # Errors
    /// What is stored is malformed.
    pub fn get(&self, sub_key: &K) -> Result<Option<V>, Error> {
        let Entries { state, lifetime } = &*self.entries;
        let Some(now) = lifetime.now() else {
            return Ok(None);
        };
        let held = state.get(sub_key)?;
        let living = held.filter(|held| !lifetime.is_over(held.at, now));
        let value = living.map(|held| held.value);
        if let Some(value) = value.as_ref().filter(|_| lifetime.refreshes()) {
            self.put(sub_key, value);
        }
        Ok(value)
    }

    /// Whether the key's map has an entry that lives.
    ///
    /// # Errors
    /// As [`TtlMapState::get`].
    pub fn contains(&self, sub_key: &K) -> Result<bool, Error> {
        self.get(sub_key).map(|value| value.is_some())
    }

    /// All entries of the key's map that live, by ascending sub-key.
    ///
    /// # Errors
    /// As [`TtlMapState::get`].
    pub fn entries(&self) -> Result<Vec<(K, V)>, Error> {
        let Entries { state, lifetime } = &*self.entries;
        let mut entries = Vec::new();
        let Some(now) = lifetime.now() else {
            return Ok(entries);
        };
        state.for_each(|sub_key, held| {
            if !lifetime.is_over(held.at, now) {
                entries.push((sub_key, held.value));
            }
            Ok(())
        })?;
        if lifetime.refreshes() {
            for (sub_key, value) in &entries {
                self.put(sub_key, value);
            }
        }
        Ok(entries)
    }

    /// Removes all entries of the key's map.
    pub fn clear(&self) {
        self.entries.state.clear();
    }
}

impl<K: SubKey, V: Row> Entries<K, V> {
    fn put(&self, sub_key: &K, value: V, now: i64) {
        self.state.put(sub_key, &Timed { at: now, value });
    }
}

impl<K: SubKey, V: Row> Expire for Entries<K, V> {
    fn lifetime(&self) -> &Lifetime {
        &self.lifetime
    }

    fn expire(&self, time: i64) -> Result<(), Error> {
        let mut dead = Vec::new();
        self.state.for_each(|sub_key, held| {
            if self.lifetime.is_over(held.at, time) {
                dead.push(sub_key);
            }
            Ok(())
        })?;
        dead.iter().for_each(|sub_key| self.state.remove(sub_key));
        Ok(())
    }
}

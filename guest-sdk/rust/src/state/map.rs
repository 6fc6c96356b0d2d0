//! [`MapState`]: an ordered map per key, written without being read.
//!
//! The changes of a call are kept as bytes ([`changes`]) and sent at its end by one `clear_many`, one `put_many` and one
//! `delete_many`. Reads put them on top of what the host has. Reading calls the host at once, unless it was read ahead
//! ([`ahead`]). Nothing is cached between calls.

mod ahead;
mod changes;
mod range;

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;

use ahead::Ahead;
use changes::{Changes, Flushed};

use super::SubKey;
use crate::column::Column;
use crate::error::Error;
use crate::keyed::{KeySpace, KeyTable, Store};
use crate::row::Row;
use crate::task::Shared;

/// Entries read by one scan.
const PAGE: u32 = 1024;
/// The slot while there is no key.
const NONE: u32 = u32::MAX;

/// An ordered map per key.
pub struct MapState<K: SubKey, V: Row> {
    store: Rc<MapStore>,
    space: Rc<KeySpace>,
    types: std::marker::PhantomData<(K, V)>,
}

impl<K: SubKey, V: Row> MapState<K, V> {
    pub(crate) fn open(number: u32, space: &Rc<KeySpace>) -> Self {
        let store = Rc::new(MapStore {
            number,
            current: Rc::clone(&space.current),
            shared: Rc::clone(&space.shared),
            changes: RefCell::new(Changes::new(K::SUB_KEY_WIDTH, V::WIDTH)),
            ahead: RefCell::default(),
            flushed: RefCell::default(),
        });
        let kept: Rc<MapStore> = Rc::clone(&store);
        space.add(kept);
        Self {
            store,
            space: Rc::clone(space),
            types: std::marker::PhantomData,
        }
    }

    /// Sets an entry of the key's map. Does not read.
    pub fn put(&self, sub_key: &K, value: &V) {
        if self.store.current.get() == NONE {
            return;
        }
        let slot = self.store.current.get();
        let mut changes = self.store.changes.borrow_mut();
        changes.set(slot, sub_key, |out| value.encode(out));
    }

    /// Removes an entry of the key's map; it need not exist.
    pub fn remove(&self, sub_key: &K) {
        if self.store.current.get() == NONE {
            return;
        }
        let slot = self.store.current.get();
        self.store.changes.borrow_mut().remove(slot, sub_key);
    }

    /// An entry of the key's map.
    ///
    /// # Errors
    /// What is stored is malformed.
    pub fn get(&self, sub_key: &K) -> Result<Option<V>, Error> {
        let slot = self.store.current.get();
        let mut bytes = Vec::new();
        sub_key.encode_sub_key(&mut bytes);
        let changes = self.store.changes();
        if let Some(at) = changes.find(slot, &bytes) {
            return changes.value(at).map(V::decode).transpose();
        }
        let table = self.space.table.borrow();
        if slot >= table.len() || changes.is_cleared(slot) {
            return Ok(None);
        }
        let found = self
            .store
            .shared
            .host
            .get(self.store.number, table.key(slot), &bytes);
        found.map(|value| V::decode(&value)).transpose()
    }

    /// Whether the key's map has an entry.
    ///
    /// # Errors
    /// As [`MapState::get`].
    pub fn contains(&self, sub_key: &K) -> Result<bool, Error> {
        self.get(sub_key).map(|value| value.is_some())
    }

    /// Calls `each` with every entry of the key's map, by ascending sub-key.
    ///
    /// # Errors
    /// What is stored is malformed, or what `each` returns.
    pub fn for_each(&self, mut each: impl FnMut(K, V) -> Result<(), Error>) -> Result<(), Error> {
        let slot = self.store.current.get();
        let changes = self.store.changes();
        let mut own = changes.of(slot).into_iter().peekable();
        let mut show =
            |sub_key: &[u8], value: &[u8]| each(K::decode_sub_key(sub_key)?, V::decode(value)?);
        self.scan(slot, |sub_key, value| {
            while let Some(at) = own.next_if(|&at| changes.sub_key(at) < sub_key) {
                if let Some(value) = changes.value(at) {
                    show(changes.sub_key(at), value)?;
                }
            }
            match own.next_if(|&at| changes.sub_key(at) == sub_key) {
                Some(at) => changes
                    .value(at)
                    .map_or(Ok(()), |value| show(sub_key, value)),
                None => show(sub_key, value),
            }
        })?;
        for at in own {
            if let Some(value) = changes.value(at) {
                show(changes.sub_key(at), value)?;
            }
        }
        Ok(())
    }

    /// All entries of the key's map, by ascending sub-key.
    ///
    /// # Errors
    /// As [`MapState::for_each`].
    pub fn entries(&self) -> Result<Vec<(K, V)>, Error> {
        let mut entries = Vec::new();
        self.for_each(|sub_key, value| {
            entries.push((sub_key, value));
            Ok(())
        })?;
        Ok(entries)
    }

    /// Reads what the host has, page by page.
    fn scan(
        &self,
        slot: u32,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let table = self.space.table.borrow();
        if slot >= table.len() || self.store.changes.borrow().is_cleared(slot) {
            return Ok(());
        }
        let mut start = Vec::new();
        let (host, number) = (&*self.store.shared.host, self.store.number);
        let ahead = self.store.ahead(slot, &table)?;
        if let Some(page) = ahead.page(slot) {
            for (sub_key, value) in page.entries() {
                each(sub_key, value)?;
            }
            match page.rest() {
                Some(rest) => start = rest,
                None => return Ok(()),
            }
        }
        loop {
            let page = host.scan(number, table.key(slot), &start, PAGE);
            let count = page.count as usize;
            page.sub_keys.check("sub-keys", count)?;
            page.values.check("values", count)?;
            for (sub_key, value) in page.sub_keys.entries(count).zip(page.values.entries(count)) {
                each(sub_key, value)?;
            }
            if !page.more || count == 0 {
                return Ok(());
            }
            start.clear();
            start.extend_from_slice(page.sub_keys.get(count - 1, count));
            start.push(0);
        }
    }

    /// Removes all entries of the key's map.
    pub fn clear(&self) {
        let slot = self.store.current.get();
        if slot < self.space.table.borrow().len() {
            self.store.changes.borrow_mut().clear_map(slot);
        }
    }
}

/// What is known of one Map state during a call.
struct MapStore {
    number: u32,
    current: Rc<Cell<u32>>,
    shared: Rc<Shared>,
    changes: RefCell<Changes>,
    ahead: RefCell<Ahead>,
    flushed: RefCell<Flushed>,
}

impl MapStore {
    /// The changes so far, ready to be asked.
    fn changes(&self) -> Ref<'_, Changes> {
        if !self.changes.borrow().has_index() {
            self.changes.borrow_mut().keep_index();
        }
        self.changes.borrow()
    }

    /// What was read ahead, now that the map of a slot is wanted.
    fn ahead(&self, slot: u32, table: &KeyTable) -> Result<Ref<'_, Ahead>, Error> {
        if self.ahead.borrow().is_next(slot) {
            let host = &*self.shared.host;
            let mut ahead = self.ahead.borrow_mut();
            ahead.read(slot, host, self.number, table)?;
        }
        Ok(self.ahead.borrow())
    }
}

impl Store for MapStore {
    fn load(&self, _table: &KeyTable, _first: u32) -> Result<(), Error> {
        Ok(())
    }

    fn entered(&self, slots: &[u32], caller: usize) {
        self.ahead.borrow_mut().begin(caller, slots);
    }

    fn flush(&self, table: &KeyTable) {
        self.ahead.borrow_mut().end();
        let mut changes = self.changes.borrow_mut();
        if changes.is_empty() {
            return;
        }
        let mut flushed = self.flushed.borrow_mut();
        changes.flush(table, &mut flushed);
        let Flushed {
            cleared,
            puts,
            values,
            deletes,
        } = &mut *flushed;
        let host = &self.shared.host;
        if !cleared.is_empty() {
            let mut keys = Column::default();
            for &slot in &*cleared {
                keys.push(table.width(), table.key(slot));
            }
            host.clear_many(self.number, cleared.len() as u32, &mut keys);
        }
        if puts.count > 0 {
            host.put_many(self.number, puts, values);
        }
        if deletes.count > 0 {
            host.delete_many(self.number, deletes);
        }
    }

    fn clear(&self) {}
}

#[cfg(test)]
mod tests;

//! [`MapState`]: an ordered map per key, written without being read.
//!
//! The changes of a call are kept as bytes, chained per slot, and sent by one `put_many` and one `delete_many` at its
//! end; a later change of an entry replaces the earlier one. Reads put them on top of what the host has. Only clearing
//! a key and reading call the host at once. Nothing is cached between calls.

mod range;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::SubKey;
use crate::column::Column;
use crate::error::Error;
use crate::host::Addresses;
use crate::keyed::{KeySpace, KeyTable, Store};
use crate::row::Row;
use crate::task::Shared;

/// Entries read by one scan.
const PAGE: u32 = 1024;
/// The end of a chain of changes; and the slot while there is no key.
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
            sub_key_width: K::SUB_KEY_WIDTH,
            value_width: V::WIDTH,
            current: Rc::clone(&space.current),
            shared: Rc::clone(&space.shared),
            changes: RefCell::new(Changes::new(K::SUB_KEY_WIDTH)),
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
        let mut changes = self.store.changes.borrow_mut();
        let at = changes.begin(self.store.current.get(), sub_key);
        changes.set(at, |arena| value.encode(arena));
    }

    /// Removes an entry of the key's map; it need not exist.
    pub fn remove(&self, sub_key: &K) {
        if self.store.current.get() == NONE {
            return;
        }
        let mut changes = self.store.changes.borrow_mut();
        let at = changes.begin(self.store.current.get(), sub_key);
        changes.list[at as usize].removed = true;
    }

    /// An entry of the key's map.
    ///
    /// # Errors
    /// What is stored is malformed.
    pub fn get(&self, sub_key: &K) -> Result<Option<V>, Error> {
        let slot = self.store.current.get();
        let mut bytes = Vec::new();
        sub_key.encode_sub_key(&mut bytes);
        let changes = self.store.changes.borrow();
        if let Some(at) = changes.find(slot, &bytes) {
            return changes.value(at).map(V::decode).transpose();
        }
        let table = self.space.table.borrow();
        if slot >= table.len() {
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
        let changes = self.store.changes.borrow();
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
        if slot >= table.len() {
            return Ok(());
        }
        let mut start = Vec::new();
        loop {
            let host = &self.store.shared.host;
            let page = host.scan(self.store.number, table.key(slot), &start, PAGE);
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
        let table = self.space.table.borrow();
        if slot < table.len() {
            self.store.changes.borrow_mut().forget(slot);
            self.store
                .shared
                .host
                .clear_key(self.store.number, table.key(slot));
        }
    }
}

/// The changes of a call to one Map state.
struct MapStore {
    number: u32,
    sub_key_width: Option<usize>,
    value_width: Option<usize>,
    current: Rc<Cell<u32>>,
    shared: Rc<Shared>,
    changes: RefCell<Changes>,
}

struct Changes {
    /// Slot and sub-key of each change, numbered as in `list`.
    index: KeyTable,
    list: Vec<Change>,
    /// The values.
    arena: Vec<u8>,
    /// The last change of each slot; [`NONE`] for most.
    last: Vec<u32>,
    scratch: Vec<u8>,
}

struct Change {
    slot: u32,
    /// The change of the same slot before this one.
    before: u32,
    /// Its value in the arena.
    value: (u32, u32),
    removed: bool,
    /// A clear of the key came later; the change is not to be sent.
    forgotten: bool,
}

/// Bytes of the slot in front of a sub-key in the index.
const SLOT_BYTES: usize = 4;

impl Changes {
    fn new(sub_key_width: Option<usize>) -> Self {
        Self {
            index: KeyTable::new(sub_key_width.map(|width| width + SLOT_BYTES)),
            list: Vec::new(),
            arena: Vec::new(),
            last: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// The change of an entry, a new one unless the call has changed it before.
    fn begin<K: SubKey>(&mut self, slot: u32, sub_key: &K) -> u32 {
        self.scratch.clear();
        self.scratch.extend_from_slice(&slot.to_le_bytes());
        sub_key.encode_sub_key(&mut self.scratch);
        let at = self.index.intern(&self.scratch);
        let known = self.list.get_mut(at as usize);
        if known.as_ref().is_some_and(|change| !change.forgotten) {
            return at;
        }
        if self.last.len() <= slot as usize {
            self.last.resize(slot as usize + 1, NONE);
        }
        let change = Change {
            slot,
            before: std::mem::replace(&mut self.last[slot as usize], at),
            value: (0, 0),
            removed: true,
            forgotten: false,
        };
        match known {
            Some(known) => *known = change,
            None => self.list.push(change),
        }
        at
    }

    fn set(&mut self, at: u32, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.arena.len();
        write(&mut self.arena);
        let change = &mut self.list[at as usize];
        change.value = (start as u32, self.arena.len() as u32);
        change.removed = false;
    }

    fn sub_key(&self, at: u32) -> &[u8] {
        &self.index.key(at)[SLOT_BYTES..]
    }

    fn value(&self, at: u32) -> Option<&[u8]> {
        let change = &self.list[at as usize];
        let (start, end) = change.value;
        (!change.removed).then(|| &self.arena[start as usize..end as usize])
    }

    /// The chain of a slot's changes, latest first.
    fn chain(&self, slot: u32) -> impl Iterator<Item = u32> {
        let last = self.last.get(slot as usize).copied().unwrap_or(NONE);
        std::iter::successors((last != NONE).then_some(last), |&at| {
            let before = self.list[at as usize].before;
            (before != NONE).then_some(before)
        })
    }

    fn find(&self, slot: u32, sub_key: &[u8]) -> Option<u32> {
        let last = self.last.get(slot as usize).copied().unwrap_or(NONE);
        if last == NONE {
            return None;
        }
        let at = self.index.find(&[&slot.to_le_bytes(), sub_key].concat())?;
        (!self.list[at as usize].forgotten).then_some(at)
    }

    /// The changes of a slot by ascending sub-key.
    fn of(&self, slot: u32) -> Vec<u32> {
        let mut own: Vec<u32> = self.chain(slot).collect();
        own.sort_unstable_by_key(|&at| self.sub_key(at));
        own
    }

    /// Takes the changes of a slot back.
    fn forget(&mut self, slot: u32) {
        let own: Vec<u32> = self.chain(slot).collect();
        for at in own {
            self.list[at as usize].forgotten = true;
        }
        if let Some(last) = self.last.get_mut(slot as usize) {
            *last = NONE;
        }
    }

    fn clear(&mut self) {
        self.index.clear();
        self.list.clear();
        self.arena.clear();
        self.last.clear();
    }
}

impl Store for MapStore {
    fn load(&self, _table: &KeyTable, _first: u32) -> Result<(), Error> {
        Ok(())
    }

    fn flush(&self, table: &KeyTable) {
        let mut changes = self.changes.borrow_mut();
        if changes.list.is_empty() {
            return;
        }
        let (mut puts, mut deletes) = (Addresses::default(), Addresses::default());
        let mut values = Column::default();
        for (at, change) in changes.list.iter().enumerate() {
            if change.forgotten || change.slot >= table.len() {
                continue;
            }
            let key = (table.width(), table.key(change.slot));
            let sub_key = (self.sub_key_width, changes.sub_key(at as u32));
            if let Some(value) = changes.value(at as u32) {
                puts.push(key, sub_key);
                values.push(self.value_width, value);
            } else {
                deletes.push(key, sub_key);
            }
        }
        if puts.count > 0 {
            self.shared
                .host
                .put_many(self.number, &mut puts, &mut values);
        }
        if deletes.count > 0 {
            self.shared.host.delete_many(self.number, &mut deletes);
        }
        changes.clear();
    }

    fn clear(&self) {}
}

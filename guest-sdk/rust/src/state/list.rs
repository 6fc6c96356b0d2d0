//! [`ListState`]: a list per key, appended to without being read.
//!
//! Appends of a call go to the host in one bulk call at its end. Reading is a host call for that key, with the appends
//! of the call behind what was stored. Nothing of a list is cached between calls.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::column::Column;
use crate::error::Error;
use crate::host::Addresses;
use crate::keyed::{KeySpace, KeyTable, Store};
use crate::row::{Row, malformed};
use crate::task::Shared;

/// A list per key.
pub struct ListState<T: Row> {
    store: Rc<ListStore<T>>,
    space: Rc<KeySpace>,
}

impl<T: Row> ListState<T> {
    pub(crate) fn open(number: u32, space: &Rc<KeySpace>) -> Self {
        let store = Rc::new(ListStore {
            number,
            current: Rc::clone(&space.current),
            shared: Rc::clone(&space.shared),
            changes: RefCell::new(Vec::new()),
        });
        let kept: Rc<ListStore<T>> = Rc::clone(&store);
        space.add(kept);
        Self {
            store,
            space: Rc::clone(space),
        }
    }

    /// Appends an element to the list of the key.
    pub fn add(&self, element: T) {
        let slot = self.store.current.get();
        self.store.changes.borrow_mut().push(Change {
            slot,
            element: Some(element),
        });
    }

    /// The elements of the key's list, oldest first.
    ///
    /// # Errors
    /// What is stored is malformed.
    pub fn get(&self) -> Result<Vec<T>, Error> {
        let slot = self.store.current.get();
        let changes = self.store.changes.borrow();
        let mine = || changes.iter().filter(|change| change.slot == slot);
        let cleared = mine().any(|change| change.element.is_none());
        let table = self.space.table.borrow();
        let mut elements = Vec::new();
        if !cleared && slot < table.len() {
            let host = &self.store.shared.host;
            if let Some(stored) = host.get(self.store.number, table.key(slot), &[]) {
                decode_list(&stored, &mut elements)?;
            }
        }
        for change in mine() {
            match &change.element {
                Some(element) => elements.push(element.clone()),
                None => elements.clear(),
            }
        }
        Ok(elements)
    }

    /// Removes the list of the key.
    pub fn clear(&self) {
        let slot = self.store.current.get();
        self.store.changes.borrow_mut().push(Change {
            slot,
            element: None,
        });
    }
}

/// Reads elements that are each preceded by their length.
pub(crate) fn decode_list<T: Row>(mut stored: &[u8], elements: &mut Vec<T>) -> Result<(), Error> {
    while !stored.is_empty() {
        let (length, rest) = stored
            .split_first_chunk::<4>()
            .ok_or_else(|| malformed::<T>("the list ends in a length"))?;
        let (element, rest) = rest
            .split_at_checked(u32::from_le_bytes(*length) as usize)
            .ok_or_else(|| malformed::<T>("the list ends in an element"))?;
        elements.push(T::decode(element)?);
        stored = rest;
    }
    Ok(())
}

/// An append, or the removal of all.
struct Change<T> {
    slot: u32,
    element: Option<T>,
}

struct ListStore<T> {
    number: u32,
    current: Rc<Cell<u32>>,
    shared: Rc<Shared>,
    changes: RefCell<Vec<Change<T>>>,
}

impl<T: Row> ListStore<T> {
    fn append(&self, appends: &mut Addresses, values: &mut Column) {
        if appends.count > 0 {
            self.shared.host.append_many(self.number, appends, values);
            appends.clear();
            values.clear();
        }
    }
}

impl<T: Row> Store for ListStore<T> {
    fn load(&self, _table: &KeyTable, _first: u32) -> Result<(), Error> {
        Ok(())
    }

    /// Sends the changes in order: a removal between two appends of a key must not move.
    fn flush(&self, table: &KeyTable) {
        let (mut appends, mut deletes) = (Addresses::default(), Addresses::default());
        let mut values = Column::default();
        for change in self.changes.borrow_mut().drain(..) {
            if change.slot >= table.len() {
                continue;
            }
            let key = (table.width(), table.key(change.slot));
            if let Some(element) = change.element {
                if deletes.count > 0 {
                    self.shared.host.delete_many(self.number, &mut deletes);
                    deletes.clear();
                }
                appends.push(key, (Some(0), &[]));
                element.encode(&mut values.data);
                values.close(T::WIDTH);
            } else {
                self.append(&mut appends, &mut values);
                deletes.push(key, (Some(0), &[]));
            }
        }
        self.append(&mut appends, &mut values);
        if deletes.count > 0 {
            self.shared.host.delete_many(self.number, &mut deletes);
        }
    }

    fn clear(&self) {}
}

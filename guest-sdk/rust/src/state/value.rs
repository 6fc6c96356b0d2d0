//! [`ValueState`]: one value per key, cached per slot, read and written in bulk.
//!
//! The first read of a call that meets a key whose value is not here loads the values of all such keys by one call, so
//! what is only set or cleared is never read. A value that was changed is written once at the end of the call, however
//! often it changed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::column::Column;
use crate::error::Error;
use crate::host::Addresses;
use crate::keyed::{DirtyList, KeySpace, KeyTable, Store};
use crate::row::Row;
use crate::task::Shared;

/// One value per key.
pub struct ValueState<T: Row> {
    store: Rc<ValueStore<T>>,
    space: Rc<KeySpace>,
}

impl<T: Row> ValueState<T> {
    pub(crate) fn open(number: u32, space: &Rc<KeySpace>) -> Self {
        let store = Rc::new(ValueStore {
            number,
            current: Rc::clone(&space.current),
            shared: Rc::clone(&space.shared),
            held: RefCell::new(Held {
                cells: Vec::new(),
                loaded: 0,
                dirty: DirtyList::default(),
            }),
            scratch: RefCell::default(),
        });
        let kept: Rc<ValueStore<T>> = Rc::clone(&store);
        space.add(kept);
        Self {
            store,
            space: Rc::clone(space),
        }
    }

    /// The value of the key, if it has one.
    #[inline]
    pub fn get(&self) -> Option<T> {
        self.with(|value| value.cloned())
    }

    /// Looks at the value of the key without cloning it.
    #[inline]
    pub fn with<R>(&self, look: impl FnOnce(Option<&T>) -> R) -> R {
        let slot = self.store.current.get() as usize;
        let mut held = self.store.held.borrow();
        if held.cells.get(slot).is_some_and(|cell| !cell.known) {
            drop(held);
            self.load();
            held = self.store.held.borrow();
        }
        look(held.cells.get(slot).and_then(|cell| cell.value.as_ref()))
    }

    /// Sets the value of the key.
    #[inline]
    pub fn set(&self, value: T) {
        self.replace(Some(value));
    }

    /// Changes the value of the key in place, starting from `default` if there is none.
    #[inline]
    pub fn modify<R: Default>(&self, default: T, change: impl FnOnce(&mut T) -> R) -> R {
        self.update(|held| change(held.get_or_insert(default)))
    }

    /// Changes the value of the key in place; leaving `None` removes it.
    #[inline]
    pub fn update<R: Default>(&self, change: impl FnOnce(&mut Option<T>) -> R) -> R {
        let slot = self.store.current.get();
        let mut held = self.store.held.borrow_mut();
        match held.cells.get(slot as usize) {
            None => return R::default(),
            Some(cell) if cell.known => {}
            Some(_) => {
                drop(held);
                self.load();
                held = self.store.held.borrow_mut();
            }
        }
        let Held { cells, dirty, .. } = &mut *held;
        let cell = &mut cells[slot as usize];
        dirty.mark(slot, &mut cell.dirty);
        change(&mut cell.value)
    }

    /// Removes the value of the key.
    pub fn clear(&self) {
        self.replace(None);
    }

    #[inline]
    fn replace(&self, value: Option<T>) {
        let slot = self.store.current.get();
        let mut held = self.store.held.borrow_mut();
        let Held { cells, dirty, .. } = &mut *held;
        let Some(cell) = cells.get_mut(slot as usize) else {
            return;
        };
        if cell.known && cell.value.is_none() && value.is_none() {
            return;
        }
        dirty.mark(slot, &mut cell.dirty);
        cell.known = true;
        cell.value = value;
    }

    /// Loads every value that is not here. What is malformed fails the call.
    #[inline(never)]
    fn load(&self) {
        if let Err(error) = self.store.load_unknown(&self.space.table.borrow()) {
            self.store.shared.fail(error);
        }
    }
}

/// The values of all slots.
struct ValueStore<T> {
    number: u32,
    current: Rc<Cell<u32>>,
    shared: Rc<Shared>,
    held: RefCell<Held<T>>,
    scratch: RefCell<Scratch>,
}

struct Held<T> {
    cells: Vec<ValueCell<T>>,
    /// Every cell below was known once.
    loaded: usize,
    /// Slots whose cells are dirty.
    dirty: DirtyList<u32>,
}

struct ValueCell<T> {
    value: Option<T>,
    dirty: bool,
    /// Whether `value` says what there is: it was loaded, set or cleared.
    known: bool,
}

#[derive(Default)]
struct Scratch {
    puts: Addresses,
    values: Column,
    deletes: Addresses,
}

impl<T: Row> ValueStore<T> {
    /// Loads the values of all cells that are not known.
    fn load_unknown(&self, table: &KeyTable) -> Result<(), Error> {
        let mut scratch = self.scratch.borrow_mut();
        let addresses = &mut scratch.puts;
        addresses.clear();
        let mut held = self.held.borrow_mut();
        let Held { cells, loaded, .. } = &mut *held;
        let rest = &mut cells[*loaded..];
        let unknown = rest.iter().filter(|cell| !cell.known).count();
        addresses.count = unknown as u32;
        if unknown == rest.len() {
            table.column_from(*loaded as u32, &mut addresses.keys);
        } else {
            for (slot, _) in (*loaded as u32..)
                .zip(&*rest)
                .filter(|(_, cell)| !cell.known)
            {
                addresses.keys.push(table.width(), table.key(slot));
            }
        }
        let found = self.shared.host.get_many(self.number, addresses);
        found.values.check("state values", unknown)?;
        let mut values = found.present.iter().zip(found.values.entries(unknown));
        for cell in rest.iter_mut().filter(|cell| !cell.known) {
            cell.known = true;
            match values.next() {
                None | Some((0, _)) => {}
                Some((_, value)) => cell.value = Some(T::decode(value)?),
            }
        }
        *loaded = cells.len();
        if found.present.len() == unknown {
            return Ok(());
        }
        Err(Error::Task(format!(
            "state {} answered {} of {unknown} values",
            self.number,
            found.present.len()
        )))
    }
}

impl<T: Row> Store for ValueStore<T> {
    fn load(&self, table: &KeyTable, _first: u32) -> Result<(), Error> {
        let mut held = self.held.borrow_mut();
        let Held { cells, dirty, .. } = &mut *held;
        dirty.reserve(table.len() as usize);
        cells.resize_with(table.len() as usize, || ValueCell {
            value: None,
            dirty: false,
            known: false,
        });
        Ok(())
    }

    fn flush(&self, table: &KeyTable) {
        let mut held = self.held.borrow_mut();
        let Held { cells, dirty, .. } = &mut *held;
        if dirty.is_empty() {
            return;
        }
        let mut scratch = self.scratch.borrow_mut();
        let Scratch {
            puts,
            values,
            deletes,
        } = &mut *scratch;
        puts.clear();
        values.clear();
        deletes.clear();
        for &slot in dirty.take() {
            let cell = &mut cells[slot as usize];
            cell.dirty = false;
            let key = (table.width(), table.key(slot));
            if let Some(value) = &cell.value {
                puts.push(key, (Some(0), &[]));
                value.encode(&mut values.data);
                values.close(T::WIDTH);
            } else {
                deletes.push(key, (Some(0), &[]));
            }
        }
        if puts.count > 0 {
            self.shared.host.put_many(self.number, puts, values);
        }
        if deletes.count > 0 {
            self.shared.host.delete_many(self.number, deletes);
        }
    }

    fn clear(&self) {
        let mut held = self.held.borrow_mut();
        held.cells.clear();
        held.loaded = 0;
    }
}

//! [`ValueState`]: one value per key, cached per slot, read and written in bulk.
//!
//! Reading never calls the host: the values of a batch's keys are loaded before the first record. A value that was
//! changed is written once at the end of the call, however often it changed.

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
}

impl<T: Row> ValueState<T> {
    pub(crate) fn open(number: u32, space: &KeySpace) -> Self {
        let store = Rc::new(ValueStore {
            number,
            current: Rc::clone(&space.current),
            shared: Rc::clone(&space.shared),
            held: RefCell::new(Held {
                cells: Vec::new(),
                dirty: DirtyList::default(),
            }),
            scratch: RefCell::default(),
        });
        let kept: Rc<ValueStore<T>> = Rc::clone(&store);
        space.add(kept);
        Self { store }
    }

    /// The value of the key, if it has one.
    #[inline]
    pub fn get(&self) -> Option<T> {
        self.with(|value| value.cloned())
    }

    /// Looks at the value of the key without cloning it.
    #[inline]
    pub fn with<R>(&self, look: impl FnOnce(Option<&T>) -> R) -> R {
        let held = self.store.held.borrow();
        let cell = held.cells.get(self.store.current.get() as usize);
        look(cell.and_then(|cell| cell.value.as_ref()))
    }

    /// Sets the value of the key.
    #[inline]
    pub fn set(&self, value: T) {
        self.update(|held| *held = Some(value));
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
        let Held { cells, dirty } = &mut *held;
        let Some(cell) = cells.get_mut(slot as usize) else {
            return R::default();
        };
        dirty.mark(slot, &mut cell.dirty);
        change(&mut cell.value)
    }

    /// Removes the value of the key.
    pub fn clear(&self) {
        if self.with(|value| value.is_some()) {
            self.update(|held| *held = None);
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
    /// Slots whose cells are dirty.
    dirty: DirtyList<u32>,
}

struct ValueCell<T> {
    value: Option<T>,
    dirty: bool,
}

#[derive(Default)]
struct Scratch {
    puts: Addresses,
    values: Column,
    deletes: Addresses,
}

impl<T: Row> Store for ValueStore<T> {
    fn load(&self, table: &KeyTable, first: u32) -> Result<(), Error> {
        let mut scratch = self.scratch.borrow_mut();
        let addresses = &mut scratch.puts;
        addresses.clear();
        addresses.count = table.len() - first;
        table.column_from(first, &mut addresses.keys);
        let found = self.shared.host.get_many(self.number, addresses);
        let count = (table.len() - first) as usize;
        found.values.check("state values", count)?;
        let mut held = self.held.borrow_mut();
        let Held { cells, dirty } = &mut *held;
        dirty.reserve(table.len() as usize);
        for (present, value) in found.present.iter().zip(found.values.entries(count)) {
            let value = match present {
                0 => None,
                _ => Some(T::decode(value)?),
            };
            cells.push(ValueCell {
                value,
                dirty: false,
            });
        }
        if cells.len() == table.len() as usize {
            Ok(())
        } else {
            Err(Error::Task(format!(
                "state {} answered {} of {count} values",
                self.number,
                found.present.len()
            )))
        }
    }

    fn flush(&self, table: &KeyTable) {
        let mut held = self.held.borrow_mut();
        let Held { cells, dirty } = &mut *held;
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
        self.held.borrow_mut().cells.clear();
    }
}

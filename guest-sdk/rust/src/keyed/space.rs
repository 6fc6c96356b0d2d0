//! The key space of a keyed operator: its key table, the key under way, and the states that follow the slots.
//!
//! Invariant between calls and after [`KeySpace::enter`]: every state has a place for exactly the slots below the
//! table's length; what it has not read yet is among the last of them. Dropping the cache keeps it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::{KeyTable, TimerService};
use crate::column::Column;
use crate::error::Error;
use crate::task::Shared;

/// A state that keeps something per slot.
pub(crate) trait Store {
    /// Makes places for the slots from `first` on, which are new, and may read them.
    fn load(&self, table: &KeyTable, first: u32) -> Result<(), Error>;
    /// Hears the slots of the records, or timers, of the call, and who they are for: timers (0) or an input (from 1).
    fn entered(&self, _slots: &[u32], _caller: usize) {}
    /// Writes what the call has changed.
    fn flush(&self, table: &KeyTable);
    /// Forgets all slots; nothing is unwritten.
    fn clear(&self);
}

/// Keys, their slots and their states.
pub(crate) struct KeySpace {
    pub(crate) shared: Rc<Shared>,
    pub(crate) table: RefCell<KeyTable>,
    /// The slot of the key under way.
    pub(crate) current: Rc<Cell<u32>>,
    /// Whether an event-time timer is under way.
    pub(crate) is_firing: Cell<bool>,
    /// Timers that remove state that has expired.
    pub(crate) cleanup: TimerService,
    stores: RefCell<Vec<Rc<dyn Store>>>,
}

impl KeySpace {
    /// An empty space of keys with this width, if they have one.
    pub(crate) fn new(key_width: Option<usize>, shared: &Rc<Shared>) -> Rc<Self> {
        Rc::new(Self {
            shared: Rc::clone(shared),
            table: RefCell::new(KeyTable::new(key_width)),
            current: Rc::new(Cell::new(u32::MAX)),
            is_firing: Cell::new(false),
            cleanup: TimerService::with_any_namespace(shared),
            stores: RefCell::new(Vec::new()),
        })
    }

    /// Adds a state. Must happen before the first key.
    pub(crate) fn add(&self, store: Rc<dyn Store>) {
        self.stores.borrow_mut().push(store);
    }

    /// Gives the slots of a column of keys and loads the states of those that are new.
    ///
    /// # Errors
    /// A stored value is malformed.
    pub(crate) fn enter(
        &self,
        keys: &Column,
        count: usize,
        slots: &mut Vec<u32>,
        caller: usize,
    ) -> Result<(), Error> {
        let mut table = self.table.borrow_mut();
        let before = table.len();
        table.intern_all(keys, count, slots);
        let new = table.len() > before;
        for store in self.stores.borrow().iter() {
            if new {
                store.load(&table, before)?;
            }
            store.entered(slots, caller);
        }
        Ok(())
    }

    /// Ends a call: writes all changes, then drops the cache if it is over its bound. Returns whether it was dropped.
    pub(crate) fn end_call(&self) -> bool {
        let mut table = self.table.borrow_mut();
        let stores = self.stores.borrow();
        for store in stores.iter() {
            store.flush(&table);
        }
        self.cleanup.flush();
        let full = table.len() as usize > self.shared.cached_keys_max;
        if full {
            for store in stores.iter() {
                store.clear();
            }
            table.clear();
        }
        full
    }
}

//! [`OperatorListState`]: a list that belongs to the subtask and to no key.
//!
//! It is read from the host when it is first asked for, and appended to without being read. What was added in a call
//! goes to the host in one bulk call at its end.

use std::cell::RefCell;
use std::rc::Rc;

use super::OperatorStore;
use crate::column::Column;
use crate::error::Error;
use crate::host::Host;
use crate::row::Row;

/// A list of the subtask. When the parallelism changes, all lists are joined and split evenly
/// ([`OpenContext::operator_list_state`](crate::OpenContext::operator_list_state)) or given whole to every subtask
/// ([`OpenContext::operator_union_state`](crate::OpenContext::operator_union_state)).
pub struct OperatorListState<T: Row> {
    store: Rc<ListStore<T>>,
}

impl<T: Row> OperatorListState<T> {
    pub(crate) fn open(number: u32, host: Rc<dyn Host>) -> (Self, Rc<dyn OperatorStore>) {
        let store = Rc::new(ListStore {
            number,
            host,
            held: RefCell::new(Held {
                elements: None,
                replaced: false,
                added: Column::default(),
                count: 0,
            }),
        });
        let kept: Rc<ListStore<T>> = Rc::clone(&store);
        (Self { store }, kept)
    }

    /// Appends an element. Does not read.
    pub fn add(&self, element: T) {
        self.store.held.borrow_mut().add(element);
    }

    /// The elements, oldest first.
    ///
    /// # Errors
    /// What is stored is malformed.
    pub fn get(&self) -> Result<Vec<T>, Error> {
        self.with(<[T]>::to_vec)
    }

    /// Looks at the elements, oldest first, without cloning them.
    ///
    /// # Errors
    /// What is stored is malformed.
    pub fn with<R>(&self, look: impl FnOnce(&[T]) -> R) -> Result<R, Error> {
        let mut held = self.store.held.borrow_mut();
        let elements = match &held.elements {
            Some(elements) => elements,
            None => {
                let elements = self.store.read(&held)?;
                held.elements.insert(elements)
            }
        };
        Ok(look(elements))
    }

    /// Replaces all elements.
    pub fn update(&self, elements: impl IntoIterator<Item = T>) {
        let mut held = self.store.held.borrow_mut();
        held.elements = Some(Vec::new());
        held.replaced = true;
        held.added.clear();
        held.count = 0;
        for element in elements {
            held.add(element);
        }
    }

    /// Removes all elements.
    pub fn clear(&self) {
        self.update([]);
    }
}

struct ListStore<T> {
    number: u32,
    host: Rc<dyn Host>,
    held: RefCell<Held<T>>,
}

struct Held<T> {
    /// All elements, once they were read or replaced.
    elements: Option<Vec<T>>,
    /// Whether what the host has is to be forgotten.
    replaced: bool,
    /// Elements that the host does not have.
    added: Column,
    count: u32,
}

impl<T: Row> Held<T> {
    fn add(&mut self, element: T) {
        element.encode(&mut self.added.data);
        self.added.close(T::WIDTH);
        self.count += 1;
        if let Some(elements) = &mut self.elements {
            elements.push(element);
        }
    }
}

impl<T: Row> ListStore<T> {
    /// What the host has and what was added, for a list that was never replaced.
    fn read(&self, held: &Held<T>) -> Result<Vec<T>, Error> {
        let (count, stored) = self.host.elements(self.number);
        let count = count as usize;
        stored.check("elements", count)?;
        let added = held.added.entries(held.count as usize);
        stored.entries(count).chain(added).map(T::decode).collect()
    }
}

impl<T: Row> OperatorStore for ListStore<T> {
    fn flush(&self) {
        let mut held = self.held.borrow_mut();
        let Held {
            replaced,
            added,
            count,
            ..
        } = &mut *held;
        if *replaced {
            self.host.replace(self.number, *count, added);
        } else if *count > 0 {
            self.host.append(self.number, *count, added);
        }
        *replaced = false;
        added.clear();
        *count = 0;
    }
}

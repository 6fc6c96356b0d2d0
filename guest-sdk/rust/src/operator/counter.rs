//! Counters of an operator: counted in a cell, told to the host once a call.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::task::Shared;

/// A counter, shown in the console and at `/metrics`. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Counter(Rc<Cell<u64>>);

impl Counter {
    /// Adds to the counter.
    #[inline]
    pub fn add(&self, amount: u64) {
        self.0.set(self.0.get() + amount);
    }
}

/// The counters of one operator.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    operator: u32,
    counters: RefCell<Vec<(String, Counter)>>,
}

impl Counters {
    pub(crate) fn new(operator: u32) -> Self {
        Self {
            operator,
            counters: RefCell::default(),
        }
    }

    /// The counter of this name.
    pub(crate) fn counter(&self, name: &str) -> Counter {
        let mut counters = self.counters.borrow_mut();
        if let Some((_, counter)) = counters.iter().find(|(n, _)| n == name) {
            return counter.clone();
        }
        let counter = Counter::default();
        counters.push((name.to_owned(), counter.clone()));
        counter
    }

    /// Tells what was counted in this call.
    pub(crate) fn flush(&self, shared: &Shared) {
        for (name, counter) in self.counters.borrow().iter() {
            shared.count(self.operator, name, counter.0.take());
        }
    }
}

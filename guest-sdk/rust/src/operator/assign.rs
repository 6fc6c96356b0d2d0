//! The timestamp assigner: gives each record its event time and tells the host the largest one of a call.
//!
//! Watermarks are made by the host, per source split and with idleness; what follows the assigner in the chain hears
//! of them by `on-watermark` with the assigner's number.

use std::cell::Cell;
use std::rc::Rc;

use crate::column::NO_TIMESTAMP;
use crate::row::Row;
use crate::task::{Operator, Out, Receiver, Shared};

/// Assigns timestamps.
pub(crate) struct Assign<F, T> {
    operator: u32,
    timestamp: F,
    max: Cell<i64>,
    out: Out<T>,
    shared: Rc<Shared>,
}

impl<F, T> Assign<F, T> {
    pub(crate) fn new(operator: u32, timestamp: F, out: Out<T>, shared: &Rc<Shared>) -> Self {
        Self {
            operator,
            timestamp,
            max: Cell::new(NO_TIMESTAMP),
            out,
            shared: Rc::clone(shared),
        }
    }
}

impl<T: Row, F: Fn(&T) -> i64> Receiver<T> for Assign<F, T> {
    #[inline]
    fn receive(&self, record: T, _timestamp: i64) {
        let timestamp = (self.timestamp)(&record);
        if timestamp > self.max.get() {
            self.max.set(timestamp);
        }
        self.out.send(record, timestamp);
    }
}

impl<T: Row, F: Fn(&T) -> i64> Operator for Assign<F, T> {
    fn end_call(&self) {
        let max = self.max.replace(NO_TIMESTAMP);
        if max != NO_TIMESTAMP {
            self.shared.observe(self.operator, max);
        }
    }
}

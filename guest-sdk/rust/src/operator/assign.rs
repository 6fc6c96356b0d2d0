//! The timestamp assigner: gives each record its event time and tells the host the largest one of a call, and the
//! largest watermark if the assigner names any.
//!
//! Watermarks are made by the host, per source split and with idleness; what follows the assigner in the chain hears
//! of them by `on-watermark` with the assigner's number.

use std::cell::Cell;
use std::rc::Rc;

use crate::column::NO_TIMESTAMP;
use crate::error::Error;
use crate::host::Observation;
use crate::row::Row;
use crate::stream::Punctuate;
use crate::task::{Operator, Out, Receiver, Shared};

/// Assigns timestamps. `F` is asked with each record and the timestamp it has.
pub(crate) struct Assign<F, T> {
    operator: u32,
    timestamp: F,
    punctuate: Option<Punctuate<T>>,
    max: Cell<i64>,
    watermark: Cell<i64>,
    out: Out<T>,
    shared: Rc<Shared>,
}

impl<F, T> Assign<F, T> {
    pub(crate) fn new(
        operator: u32,
        timestamp: F,
        punctuate: Option<Punctuate<T>>,
        out: Out<T>,
        shared: &Rc<Shared>,
    ) -> Self {
        Self {
            operator,
            timestamp,
            punctuate,
            max: Cell::new(NO_TIMESTAMP),
            watermark: Cell::new(i64::MIN),
            out,
            shared: Rc::clone(shared),
        }
    }

    #[cold]
    fn refuse(&self) {
        let text = "the record has no timestamp: assign_watermarks relies on the one that its source gives, \
                    use assign_timestamps where there is none";
        self.shared.fail(Error::from(text));
    }
}

impl<T: Row, F: Fn(&T, i64) -> i64> Receiver<T> for Assign<F, T> {
    #[inline]
    fn receive(&self, record: T, timestamp: i64) {
        let timestamp = (self.timestamp)(&record, timestamp);
        if timestamp > self.max.get() {
            self.max.set(timestamp);
        } else if timestamp == NO_TIMESTAMP {
            return self.refuse();
        }
        if let Some(punctuate) = &self.punctuate
            && let Some(watermark) = punctuate(&record)
        {
            self.watermark.set(watermark.max(self.watermark.get()));
        }
        self.out.send(record, timestamp);
    }
}

impl<T: Row, F: Fn(&T, i64) -> i64> Operator for Assign<F, T> {
    fn end_call(&self) {
        let max_timestamp = self.max.replace(NO_TIMESTAMP);
        let watermark = self.watermark.replace(i64::MIN);
        if max_timestamp != NO_TIMESTAMP {
            self.shared.observe(Observation {
                operator: self.operator,
                max_timestamp,
                watermark,
            });
        }
    }
}

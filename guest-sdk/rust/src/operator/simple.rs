//! Map, filter, flat map, projection, and the joint of a union.
//!
//! Functions are `Fn`: what they would remember between records would be lost with the instance, so it belongs into
//! keyed state.

use crate::column::NO_TIMESTAMP;
use crate::row::{Fields, Row};
use crate::task::{Collector, Out, Receiver};

/// One record in, one out.
pub(crate) struct Map<F, U> {
    pub(crate) map: F,
    pub(crate) out: Out<U>,
}

impl<T, U: Row, F: Fn(T) -> U> Receiver<T> for Map<F, U> {
    #[inline]
    fn receive(&self, record: T, timestamp: i64) {
        self.out.send((self.map)(record), timestamp);
    }
}

/// One record in with its timestamp, one out.
pub(crate) struct MapWithTimestamp<F, U> {
    pub(crate) map: F,
    pub(crate) out: Out<U>,
}

impl<T, U: Row, F: Fn(T, Option<i64>) -> U> Receiver<T> for MapWithTimestamp<F, U> {
    #[inline]
    fn receive(&self, record: T, timestamp: i64) {
        let at = (timestamp != NO_TIMESTAMP).then_some(timestamp);
        self.out.send((self.map)(record, at), timestamp);
    }
}

/// Keeps the records for which the function says yes.
pub(crate) struct Filter<F, T> {
    pub(crate) keep: F,
    pub(crate) out: Out<T>,
}

impl<T: Row, F: Fn(&T) -> bool> Receiver<T> for Filter<F, T> {
    #[inline]
    fn receive(&self, record: T, timestamp: i64) {
        if (self.keep)(&record) {
            self.out.send(record, timestamp);
        }
    }
}

/// One record in, any number out.
pub(crate) struct FlatMap<F, U> {
    pub(crate) map: F,
    pub(crate) out: Out<U>,
}

impl<T, U: Row, F: Fn(T, &mut Collector<'_, U>)> Receiver<T> for FlatMap<F, U> {
    #[inline]
    fn receive(&self, record: T, timestamp: i64) {
        (self.map)(record, &mut Collector::new(&self.out, timestamp));
    }
}

/// Keeps the fields of these numbers.
pub(crate) struct Project<U> {
    pub(crate) fields: Vec<usize>,
    pub(crate) out: Out<U>,
}

impl<T: Fields, U: Fields> Receiver<T> for Project<U> {
    #[inline]
    fn receive(&self, record: T, timestamp: i64) {
        // Types were compared when the job was planned, so there always is a record.
        if let Some(projected) = U::from_fields(|index| record.field(self.fields[index])) {
            self.out.send(projected, timestamp);
        }
    }
}

/// Sends records on as they are.
pub(crate) struct Forward<T> {
    pub(crate) out: Out<T>,
}

impl<T: Row> Receiver<T> for Forward<T> {
    #[inline]
    fn receive(&self, record: T, timestamp: i64) {
        self.out.send(record, timestamp);
    }
}

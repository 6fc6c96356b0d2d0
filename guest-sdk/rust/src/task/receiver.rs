//! Between operators of one instance: who receives records, and the output that sends them on.
//!
//! A record moves by value and costs one dynamic call a hop. An output with several receivers clones for all but the
//! last. Nothing is buffered between operators, so order is kept.

use std::rc::Rc;

use crate::column::NO_TIMESTAMP;

/// The next operator, or an output port.
pub(crate) trait Receiver<T> {
    /// Takes one record with its timestamp, or [`NO_TIMESTAMP`].
    fn receive(&self, record: T, timestamp: i64);
}

/// An output of an operator: nobody, one receiver (the usual case), or several.
pub(crate) struct Out<T> {
    first: Option<Rc<dyn Receiver<T>>>,
    others: Vec<Rc<dyn Receiver<T>>>,
}

impl<T: Clone + 'static> Out<T> {
    pub(crate) fn nobody() -> Self {
        Self::to(Vec::new())
    }

    pub(crate) fn to(mut receivers: Vec<Rc<dyn Receiver<T>>>) -> Self {
        Self {
            first: receivers.pop(),
            others: receivers,
        }
    }

    /// Sends a record on.
    #[inline]
    pub(crate) fn send(&self, record: T, timestamp: i64) {
        if let Some(first) = &self.first {
            if !self.others.is_empty() {
                self.send_to_others(&record, timestamp);
            }
            first.receive(record, timestamp);
        }
    }

    #[inline(never)]
    fn send_to_others(&self, record: &T, timestamp: i64) {
        for receiver in &self.others {
            receiver.receive(record.clone(), timestamp);
        }
    }
}

/// Where user functions put the records they produce.
pub struct Collector<'a, T> {
    out: &'a Out<T>,
    timestamp: i64,
}

impl<'a, T: Clone + 'static> Collector<'a, T> {
    pub(crate) fn new(out: &'a Out<T>, timestamp: i64) -> Self {
        Self { out, timestamp }
    }

    /// The same output with another timestamp.
    pub(crate) fn at(&self, timestamp: i64) -> Self {
        Self::new(self.out, timestamp)
    }

    /// Emits a record with the timestamp of the record or timer it comes from.
    #[inline]
    pub fn emit(&mut self, record: T) {
        self.out.send(record, self.timestamp);
    }

    /// Emits a record with an event timestamp of its own (milliseconds).
    #[inline]
    pub fn emit_at(&mut self, record: T, timestamp: i64) {
        self.out.send(record, timestamp);
    }

    /// The timestamp that [`Collector::emit`] gives, if there is one.
    pub fn timestamp(&self) -> Option<i64> {
        (self.timestamp != NO_TIMESTAMP).then_some(self.timestamp)
    }
}
